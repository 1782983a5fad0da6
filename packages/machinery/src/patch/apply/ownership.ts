import { type Comparison, compareValues, ignoring } from "./compare.ts";
import { FieldSet } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { fieldsOf, withNamedParents, withoutFields } from "./fields-of.ts";
import type { Managers } from "./managers.ts";

/** A member of another manager's set that a change would overwrite. */
export interface Overwritten {
  readonly id: string;
  readonly fields: FieldSet;
}

/**
 * What a change from one object to another does to the managers other than the writer: fields that it sets anew are
 * theirs no longer, nor are those that vanish; a manager without fields goes (`structured-merge-diff/merge.Updater`).
 *
 * Versions of one kind are taken to have the same fields.
 *
 * @returns The managers after the change, what was compared, and what of theirs the change overwrites.
 */
export function disown(
  type: FieldType,
  before: unknown,
  after: unknown,
  managers: Managers,
  writer: string,
  ignored: FieldSet,
): { managers: Managers; comparison: Comparison; overwritten: Overwritten[] } {
  const comparison = ignoring(compareValues(type, before, after), ignored);
  const written = comparison.modified.union(comparison.added);
  const left: Managers = new Map();
  const overwritten: Overwritten[] = [];
  for (const [id, manager] of managers) {
    let fields = manager.fields;
    if (id !== writer) {
      const lost = fields.intersection(written);
      if (!lost.empty) overwritten.push({ id, fields: lost });
      fields = fields.difference(lost).difference(comparison.removed);
    }
    if (!fields.empty) left.set(id, { ...manager, fields });
  }
  return { managers: left, comparison, overwritten };
}

/**
 * Takes out of a merged object what its applier applied before and applies no more, unless another manager has it.
 *
 * @param managers Already with the applier's new set.
 * @param last The applier's set before; `undefined` for its first apply.
 */
export function pruned(type: FieldType, merged: unknown, managers: Managers, last: FieldSet | undefined): unknown {
  if (!last || last.empty) return merged;
  const members = (set: FieldSet) => withNamedParents(type, set);
  const without = (fields: FieldSet) => withoutFields(type, merged, fields);
  const all = members(fieldsOf(type, merged));

  let owned = new FieldSet();
  for (const manager of managers.values()) owned = owned.union(manager.fields);
  const kept = members(fieldsOf(type, without(members(last))));
  const withOwned = without(all.difference(kept.union(members(owned))));

  // Only what the applier itself had may go: fields of nobody stay.
  const remaining = members(fieldsOf(type, withOwned));
  return without(all.difference(remaining).intersection(members(last)));
}
