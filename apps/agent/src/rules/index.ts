/**
 * rules: what a replication set means. In: include and exclude rules as given. Out: the directories to protect, a Scope for each,
 * and sentences for what is wrong. Promised: pure but for the probe handed in; the precise order of precedence is in scope.ts.
 */
export { type PlaceProbe, type ProtectedDirectory, protectedDirectories } from './directories.ts';
export { liesWithin, parentOf, placesOverlap, replicaPathOf, tidyPath } from './places.ts';
export { parseRule, type Rule, type RuleInput } from './rule.ts';
export { scopeOf } from './scope.ts';
export { FORBIDDEN_PLACES, type RuleContext, type RuleVerdict, validateRules } from './validate-rules.ts';
