/** The product's version, for people; protocols carry their own. */
export const VERSION = '0.1.0';
