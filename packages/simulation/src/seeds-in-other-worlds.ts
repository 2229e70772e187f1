/** Seeds that hurt in a world that no seed has drawn, and the newest ones in their own. `seeds.test.ts` runs them. */
import { steps } from './seeds-that-hurt.ts';
import { NOT_YET, type World } from './world.ts';

/** With the steps that the run took. */
export const FORCED: readonly [seed: number, world: Partial<World>, steps: readonly number[], found: string][] = [
  [
    10,
    { ...NOT_YET, sourceCuts: 0.02, deafness: 0, trouble: 0, brake: null, powerCuts: 0 },
    steps('9 99 355 358 362 368 376 381'),
    '[SRM3] a repair ended, and a second power cut of the source took the word of what it had told of',
  ],
  [
    7000208,
    { ...NOT_YET, sourceCuts: 0.02, deafness: 0 },
    steps('146 167 290 294 295 298 300'),
    '[SRM3] the same, where a file has two names and rules are asked',
  ],
  [
    5032,
    { ...NOT_YET, furtherVerbs: true, brake: { files: 3, share: 0.1, windowMs: 1500, copyBytes: 67_108_864 } },
    steps('70 101 104 111 112'),
    '[SAFE4] a way back left the time of change that asking for space within the size had brought',
  ],
  [
    3350803,
    { ...NOT_YET, sourceCuts: 0.005 },
    steps('245 248 255 258 262-263 265 279 281-282 284-286 354 358 377 391 397 400-401 414'),
    '[SRM2] a repair had ended, its source died in the next one, and a directory that it had told of was known to nobody',
  ],
  [
    3302759,
    { ...NOT_YET, sourceCuts: 0.02 },
    steps('0 3 5 7 14 20 23 128 130 149 154 203 214'),
    '[SAFE4] a folder that was set aside with something of its own put into it came back with another time',
  ],
  [
    3553015,
    { ...NOT_YET, furtherVerbs: true },
    steps('0 4 7-8 10 15 17 20 22 26 35 43 66 110-111 115 123 154 165 168 190 198-199 238-239 244 262'),
    '[SAFE4] a mode changed an access control list, and a way back left that as it had become',
  ],
  [
    3653712,
    { ...NOT_YET, furtherVerbs: true, sourceCuts: 0.02 },
    steps('8 25-26 29 32 41-42 68 102 107 110 140-141 162 164 166 172 178-179'),
    '[SRM3] what was written to a file that had left the set, and came back behind the power cut, was asked of nobody',
  ],
  [
    3612930,
    { ...NOT_YET, sourceCuts: 0.02, badReads: 0.1 },
    steps('128 177-178 196 199 299-300 318 327 355 360 373 375-376 378'),
    '[SRM3] [TRM2] a file was made, its reading failed, and at the second try it passed for one that had its content',
  ],
  [
    1176,
    { ...NOT_YET, sourceCuts: 0.02 },
    steps('34-35 200 218 222 231 233 238-239 245 331-332 347-348'),
    '[SRM3] a directory had moved while nobody knew, and of what lay deeper in it nobody asked the rules again',
  ],
  [
    3703916,
    { ...NOT_YET, sourceCuts: 0.02, targetBytes: 4096 },
    steps('15 18 22 38 41 168 170 253 312 320-322 330-331 335 354 358-359 369-370 381 388'),
    '[SRM3] [TCM5] a file was made, the target was killed, and the next process took it for one that had its content',
  ],
  [
    3862304,
    { ...NOT_YET, sourceCuts: 0.005 },
    steps('7-9 28 121 130 135 142 184'),
    '[SRM2] [SRM3] a range was put into a file of which a stretch waited for its repair, and the stretch was looked at where it had been',
  ],
  [
    3863383,
    { ...NOT_YET, sourceCuts: 0.02 },
    steps('274 281 399 421 427 430-432 450-451'),
    '[SRM2] the queue was let go of with a name that had left the set, and the directory that it went to kept the time that it had',
  ],
  [
    4052377,
    {},
    steps('1 7-8 17-18 92 94 176 179 189 208 210 212 220 233 276 282 288 302 311 327 344 361-362 366 375'),
    '[FSI2] a power cut brought a file back whose newest name had been in a directory that is gone, and the memory interceptor was deaf to it',
  ],
  [
    4005136,
    {},
    steps('36 38 42 46 61-64 138 142 149-150 152-153 161'),
    '[SRM2] an agent had begun again, and was asked what is dirty before it had heard once more what its ring held',
  ],
  [
    4059424,
    {},
    steps('63-65 79 109 112 116 120 123 176 178-179'),
    '[TRM2] an agent died behind a refusal that it had heard of and not written down, and the target had been told that it may forget it',
  ],
  [
    4059956,
    {},
    steps(
      '2-3 12 67 69 76 82 132 137 139 144 152 160 162 166-167 172 180 191 195 197 206 231 247 256 259 266 326 333 355 403 407 412-414 434 436 441 447 452',
    ),
    '[TCM5] what had left the set was put aside, the target died, and what lay in it counted as known though nobody found it',
  ],
  [
    4014321,
    {},
    steps('31 36 53 222 227 277 280 287-288 297 319 361 363 367 376 379 387-388'),
    '[SRM3] a file was asked for, whoever was asked had died, and a repair of a part of it passed for all of it',
  ],
  [
    4070972,
    {},
    steps('1 156 415 418 427 429 435-436 438-439 442-443 448-449 453 456'),
    '[MIR3] an agent died just behind the beginning of an ordered mirror, and its successor knew of none',
  ],
  [
    4071044,
    {},
    steps('23 31 270 278 281-282 285 293 324 327 332 373 375 384 386-387 428'),
    '[SRM3] a repair of a part of a file that the target had lost passed for all of it',
  ],
  [
    4001903,
    {},
    steps(
      '68 70-71 96-97 103 129 134 138-139 148 172 182-183 191 195 200 220 232 235 271 280-281 324 358-359 362 366 375 382 397 400 404 407 409-410 412 447 450',
    ),
    '[SRM2] of a file that was dirty in three ways, and about whose name the target had been asked, one of them was looked at',
  ],
  [
    4080340,
    {},
    steps('1 6 86 96-98 103 108 111-112 142 181 206 214 226 234 237 239 243 253 258 292'),
    '[MIR6] rules were edited by an agent that had begun again and was ahead of its numbers, and what they had left was not counted as left',
  ],
  [
    4030158,
    {},
    steps('69 116 121 267 442 445-448 453'),
    '[SRM2] a queue that a process had stored was let go of by the next, and what the ring brought of it again counted as queued for ever',
  ],
];
