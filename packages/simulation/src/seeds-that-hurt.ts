/** Seeds that once hurt stay here, with what they found. `seeds.test.ts` runs them. */
import { ALL_STEPS } from './run-seed.ts';

/** As seeds drew a world when they were found. */
export const KEPT: readonly [seed: number, found: string][] = [
  [8, '[TRM4] a name outside the rules came into a protected directory, and its new times did not arrive'],
  [20, '[VER1] names that had just gone were reported as extra'],
  [32, '[MIR6] writes to what had left the set with its directory were refused for ever'],
  [47, '[TCM5] a replay that ended in one turn left the job replaying for ever'],
  [806, '[MIR4] a file kept a second name in a folder that both ends had lost, and that was left as an orphan'],
  [938, '[MIR4] a node with two names kept a third in a folder that was left as an orphan'],
  [1027, '[MIR6] a file that went with its directory out of the set stayed on the replica as an orphan'],
  [1859, '[VER1] the end of a listing did not wait for the barrier'],
  [2193, '[MIR6] a forget, sent for a file with further names, left one of them behind'],
  [2346, '[TRM2] refusals were counted by operation, not by repair, so a directory made anew was given up'],
  [2241, '[MIR3] a file with two names was never sent, because the answer to the first was lost with the link'],
  [2739, '[TCM5] content was shifted twice by a replay after a power cut, for the size said that it was done'],
  [2805, '[VER1] the end of a listing did not wait for the barrier, whole root'],
  [3770, '[TCM5] a known directory was lost within one that the table did not know after a power cut'],
  [3996, '[MIR3] a file that was renamed before its question was asked again was never sent'],
  [12460, '[MIR2] times were believed after a power cut had kept them and lost the content'],
  [12551, '[promise] the times of both directories of a rename outside the rules arrived one after the other'],
  [13024, '[MIR6] a rename from a directory that had just left the set was not said'],
  [40217, '[VER1] what left the set with its directory while it waited to be said was reported as missing'],
];
/** `1 3-5`: first and last of those that follow each other. */
export const steps = (...lines: readonly string[]): readonly number[] =>
  lines.flatMap((line) =>
    line.split(' ').flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    }),
  );
/** Of a run that was not shortened. */
const WHOLE = Array.from({ length: ALL_STEPS }, (_, step) => step);
/** The same, of a world as seeds draw it now, with the steps that it took. */
export const SHORTENED: readonly [seed: number, steps: readonly number[], found: string][] = [
  [
    11365,
    [149, 150, 152, 156, 160, 379, 386],
    '[SAFE4] taken back before what was under way at a power cut had been applied again',
  ],
  [
    11016,
    [236, 296, 297, 301, 360, 361, 374, 417, 437],
    '[SAFE4] the same, where a file had been taken out and another cut off',
  ],
  [
    12187,
    [68, 69, 99, 102, 114, 164, 168, 359, 363],
    '[SAFE4] another stream began where what was under way at a power cut was replayed by nobody',
  ],
  [
    10945,
    [321, 326, 340, 354, 411, 412, 415, 426],
    '[SAFE4] a way back that had been gone came back with a power cut, and counted as gone from then on',
  ],
  [
    12758,
    [
      6, 63, 65, 66, 67, 68, 69, 70, 72, 73, 84, 90, 97, 106, 119, 128, 133, 141, 142, 149, 156, 157, 158, 160, 164,
      193, 241, 302,
    ],
    '[SAFE4] the same, where the disk would not let go of it',
  ],
  [
    11476,
    [110, 114, 116, 117, 120, 121, 123, 126, 129, 171],
    '[SAFE4] a log that had not been written on was written on again, and a power cut made it count',
  ],
  [
    12706,
    [63, 78, 79, 83, 89, 90, 95, 105, 108, 116, 188, 210, 217, 250],
    '[SAFE4] the next process took a log for whole that had not been written on',
  ],
  [12791, [3, 61, 63, 65, 97, 102, 105, 131], '[SAFE4] on a full disk it could not be asked what would be missing'],
  [
    10474,
    [
      13, 19, 60, 61, 62, 72, 73, 78, 91, 92, 96, 100, 101, 107, 108, 120, 122, 137, 138, 152, 156, 165, 167, 222, 308,
      310, 359, 360, 362,
    ],
    '[TCM5] an orphan was taken for what a replay had begun, and its attributes stayed',
  ],
  [
    21685,
    [0, 2, 17, 20, 114, 115, 173, 177, 316, 458],
    '[TRM2] of an exchange that was refused one of two directories was repaired',
  ],
  [
    22454,
    [
      2, 11, 20, 21, 27, 34, 37, 41, 43, 60, 65, 81, 94, 112, 114, 120, 147, 154, 155, 158, 196, 262, 283, 356, 365,
      367, 377, 386, 388, 414, 421, 429,
    ],
    'nothing: a further name whose removal both ends had lost, reported and left, was taken for the first of its file',
  ],
  [
    74370,
    [
      6, 72, 75, 83, 85, 102, 105, 106, 109, 126, 128, 139, 140, 143, 180, 185, 186, 187, 264, 273, 285, 307, 310, 311,
      313, 320, 331, 342, 403, 423, 425, 426,
    ],
    '[SRM2] what a mirror had taken over was forgotten, for the source died before it had noted that all was doubtful',
  ],
  [
    29388,
    [
      0, 1, 3, 67, 78, 79, 100, 105, 107, 109, 149, 150, 151, 167, 169, 171, 172, 176, 186, 187, 203, 204, 205, 214,
      215, 216, 220, 223, 225, 227, 228,
    ],
    '[MIR3] a directory counted as listed again once its name was said, though a name had gone from it unseen meanwhile',
  ],
  [
    178020,
    [15, 30, 64, 65, 72, 75, 76, 78, 88, 93, 168],
    '[SAFE4] what a way back could not take back was not named of the moments before it',
  ],
  [
    222951,
    [
      3, 5, 13, 61, 62, 63, 65, 68, 71, 73, 81, 84, 88, 90, 91, 92, 112, 114, 115, 116, 121, 122, 125, 126, 135, 136,
      139, 140, 141, 146, 147, 196, 228,
    ],
    '[SAFE4] what the end of a listing had taken away as the power went was not named',
  ],
  [
    226214,
    [27, 61, 62, 63, 64, 81, 89, 90, 127, 155, 166, 216, 248, 257, 269, 293],
    '[TRM2] operations were given up for want of a root that a full disk would not have opened',
  ],
  [
    334086,
    [20, 39, 42, 44, 47, 60, 61, 62, 64, 66, 72, 73, 78, 93, 95, 108, 129, 132, 133, 142, 308, 309, 339],
    '[SAFE4] [TRM2] a directory that a way back had put among the orphans was not found again, and given up',
  ],
  [
    335283,
    [0, 25, 30, 36, 67, 71, 78, 80, 82, 90, 393],
    '[TCM5] the end of a mirror that was replayed after a power cut took away what a later operation was to claim',
  ],
  [
    404389,
    [6, 11, 13, 16, 62, 63, 64, 65, 66, 67, 68, 80, 81, 95, 96, 103, 114, 204],
    '[SAFE4] what was under way at a power cut was named by a path that the way back took it from',
  ],
  [
    501915,
    [11, 12, 15, 17, 19, 21, 27, 28, 30, 31, 32, 33, 34, 62, 65, 90, 284, 300, 349, 353],
    '[TCM5] a directory of a mirror was taken for another that had come to its name before a power cut',
  ],
  [
    501915,
    [
      7, 12, 14, 49, 62, 64, 152, 240, 242, 257, 259, 260, 264, 269, 270, 272, 273, 309, 311, 312, 324, 339, 349, 353,
      411, 414, 415, 418, 422, 427,
    ],
    '[TCM5] [TRM2] a replay after a power cut asked a mirror for content that was past answering',
  ],
  [
    520480,
    [
      17, 18, 22, 91, 93, 124, 172, 176, 242, 253, 257, 262, 274, 275, 281, 283, 292, 302, 304, 347, 353, 378, 379, 382,
      428, 429, 430,
    ],
    '[MIR4] a name among the orphans counted as one of the set',
  ],
  [
    603714,
    [
      75, 78, 82, 83, 84, 88, 91, 92, 95, 101, 102, 103, 104, 105, 106, 109, 162, 163, 164, 169, 171, 172, 173, 196,
      198, 199, 202, 214, 215,
    ],
    '[SRM1] a queue that could not be read any more counted as empty for the recovery point',
  ],
  [
    603784,
    [
      0, 8, 10, 12, 16, 22, 26, 30, 32, 45, 90, 91, 94, 152, 168, 177, 188, 191, 311, 395, 401, 402, 403, 414, 416, 417,
      425, 446, 447, 449, 450, 452,
    ],
    '[MIR3] a file that was being sent a second time when the source died counted as finished',
  ],
  [
    751064,
    [64, 82, 97, 100, 105, 106, 107, 110, 122, 131, 134, 137],
    '[TRM2] what could not be applied was forgotten with the word of it under way: a welcome counted as that word',
  ],
  [
    703736,
    [68, 78, 80, 82, 89, 122, 127, 137, 138, 153, 154, 173, 174, 206, 385, 386, 398, 399, 401, 403, 404, 406, 408, 436],
    '[MIR1] what a mirror had read was shifted a second time by the ring, which was read again when the source had died',
  ],
  [
    800946,
    [
      9, 10, 65, 66, 72, 73, 76, 83, 85, 103, 104, 105, 152, 173, 176, 179, 194, 197, 222, 254, 272, 273, 278, 284, 341,
      366, 370, 372, 375, 394, 395, 396, 420,
    ],
    '[SRM2] a repair that was lost forgot the directories that it had come to: what was in them was never sent',
  ],
  [
    853017,
    [
      1, 4, 8, 9, 15, 17, 19, 64, 65, 72, 77, 78, 79, 80, 107, 124, 128, 133, 143, 144, 171, 180, 189, 190, 200, 213,
      219, 220, 223, 231, 232, 234, 256, 257, 324, 381, 382, 405, 414, 422, 427, 429,
    ],
    '[SRM2] a file that a repair had been asked for got another name when its source had died: nobody sent it',
  ],
  [
    950659,
    [87, 90, 93, 97],
    '[TRM2] the recovery point moved with a welcome, before the word of what could not be applied',
  ],
  [
    1001364,
    [
      6, 7, 76, 78, 82, 100, 109, 110, 139, 144, 152, 157, 196, 219, 222, 230, 231, 294, 334, 335, 338, 341, 345, 346,
      435, 446, 447, 452,
    ],
    '[MIR1] the record of its making, which came late, made what a mirror had told of unknown',
  ],
  [
    1002130,
    [67, 69, 71, 136, 146, 151, 159, 160, 164, 165, 187, 188, 429, 432],
    '[SRM1] [MIR3] a queue that could not be read any more, and what a mirror had finished counted all the same',
  ],
  [
    1000712,
    [
      5, 80, 100, 182, 185, 186, 192, 193, 205, 213, 214, 215, 222, 223, 226, 253, 256, 259, 267, 277, 289, 291, 323,
      324, 333, 336, 344, 347, 377, 380, 381, 383, 389, 392, 426, 435,
    ],
    '[MIR3] a directory counted as finished whose own directory was not: its rules could not be asked',
  ],
  [
    1111518,
    [24, 26, 28, 31, 46, 48, 52, 63, 68, 74, 75, 76, 83, 139, 140, 195, 196, 201, 227, 247, 251, 365, 404],
    '[TCM5] a target killed in its replay took for done what the source had sent only since the power cut',
  ],
  [
    1161882,
    [
      14, 16, 21, 60, 64, 65, 68, 71, 72, 77, 79, 81, 85, 86, 128, 134, 142, 145, 147, 192, 245, 252, 255, 271, 272,
      273, 283, 285, 367, 400, 402,
    ],
    '[MIR4] a name whose removal was lost with both ends counted as one more link of a file of the set',
  ],
  [
    2004783,
    [25, 65, 68, 71, 74, 79, 343, 345, 361],
    '[TCM5] a replay lost what had got out of a directory that was gone by then, and left what lay there before the power cut',
  ],
  [
    2162000,
    [
      ...[3, 4, 13, 15, 18, 20, 31, 64, 68, 91, 93, 94, 96, 104, 109, 110, 116, 139, 142, 194, 195, 196, 200, 216, 220],
      ...[232, 236, 241, 242, 243, 244, 245, 251, 430, 434],
    ],
    '[TRM2] attributes that could not be read were told as none, and the next process of the source did not know of it',
  ],
  [2304438, WHOLE, '[SAFE4] a mode that the replica’s file system would not have kept the way back from ever ending'],
  [
    2376449,
    WHOLE,
    '[SAFE4] the folder of what is kept aside was to be moved aside into itself, and the way back never ended',
  ],
  [
    2405305,
    steps(
      '11-13 30-32 68-70 74-76 93-95 126-128 132-134 246-248 280-282 296-310 337-348 352-366 383-388 392-394',
      '401-403 407-421 432-437 444-446 450-452',
    ),
    '[MIR3] an answer to a mirror that was lost was taken for one to the next: a listing that had not arrived counted as finished',
  ],
  [
    2455247,
    steps(
      '9 29-30 40 61 63-64 72-73 89 141-143 155 194 209 211-212 215 245-246 262-263 271 277 281 288 293 301 316',
      '318 324 328 348 357 364 368 384 390 392 443-444 446 450',
    ),
    '[SRM2] what a repair had told of got another name, and the next process of the source looked for it under the old one',
  ],
  [
    2651259,
    steps(
      '28 31-32 35 37 41 45 60 80 100 105 108 114 116 151 239 250 259 263 265 267 269-270 279-280 282-283 299 304',
      '308 310-311 324-326 328 334 336 339 347-350 353 355 357 364 368 370 372 413-414 416',
    ),
    '[MIR3] what a lost mirror had said arrived while another was at work, and that one counted the file as finished',
  ],
  [
    2752021,
    steps(
      '4 13 22 25 28 62 64 66 72 82 89 92 97 102 105-106 115-116 129 171-172 182 197 214 236 275-276 278-279 281',
      '283 292 294 311 327 356 367 369-371 376 378-380 383 410 428 434 439',
    ),
    '[MIR2] a mirror believed size and times of a file that the one before it could not read',
  ],
  [
    2461907,
    steps(
      '1 3 13 61-62 65-66 70-72 77 80 83-84 86-87 89 92-95 97 100-101 110 117-118 121-122 124-125 128-130 138',
      '142 144 149 184-185 187-192 194-196 198-199 201-204 206 224-227 229 233 242 246-248 252 264 269 271-272',
      '276 278 280 283-285 294-295 300 302 325 332-333 367 372-373 375 404-406 408 412 439 448 452 456',
    ),
    '[MIR2] a source that had lost all it knew believed sizes and times of what the target had applied of its former stream',
  ],
  [
    2555928,
    steps(
      '121 134-136 138-140 145 156 162-164 168 170 177-178 180 182 186-188 192-194 201 203 207 212-214 216',
      '221-222 232-233 241 248 250',
    ),
    '[SAFE4] what had gone from limbo into its folder at the end of a mirror was not brought back, for a power cut had lost the word of it',
  ],
  [
    2552540,
    steps('244-247 262-265 268 283-286 289 295 307 309 312-313 317 327 331 358 377 379'),
    '[TCM5] a directory that a replay had made in limbo kept another stream from ever beginning',
  ],
  [
    2901685,
    steps(
      '0-2 9-23 27-29 61-63 67-69 73-74 82 95 110-116 124-127 131-133 140-145 149-151 166-168 172-189',
      '199-201 205-207 215-217 219-221 264 268 273-274 276 290-291 299 301 313 315 320-322 325 328 330 341',
      '343 351 358 365-366 369 373 378 380-381 386 395-396 399-400 404-405 414-417 432-433 436 441-442 446',
    ),
    '[MIR1] a range was taken out twice: a mirror had read behind it, died, and the next process read it from the ring once more',
  ],
  [12093, [62], '[SAFE4] a target died when all but the clearing up was done, and nobody started the job again'],
];
