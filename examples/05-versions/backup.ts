import { defineResource, formerVersion, t, webhook, withVersions } from "@outrigger/kit";

const names = { group: "backup.example.com", kind: "Backup" } as const;

/** The first version: days alone. */
export const BackupV1alpha1 = defineResource({
  ...names,
  version: "v1alpha1",
  spec: t.Object({ database: t.String(), keepDays: t.Integer({ minimum: 1 }) }),
});

/** The version of today, in which backups are stored: a retention may also count backups. */
export const BackupV1 = defineResource({
  ...names,
  version: "v1",
  spec: t.Object({
    database: t.String(),
    retention: t.Object({ days: t.Integer({ minimum: 1 }), most: t.Optional(t.Integer({ minimum: 1 })) }),
  }),
  columns: [{ name: "Days", type: "integer", jsonPath: ".spec.retention.days" }],
});

/** What v1alpha1 cannot say goes with the object in an annotation, so that reading and writing it in the old version loses nothing. */
const MOST = "backup.example.com/most";

export const Backup = withVersions(BackupV1, [
  formerVersion(BackupV1alpha1, BackupV1, {
    deprecated: "backup.example.com/v1alpha1 Backup is deprecated; write v1",
    upgrade: ({ metadata, spec: { database, keepDays } }) => {
      const { [MOST]: most, ...annotations } = metadata.annotations ?? {};
      const retention = { days: keepDays, ...(most === undefined ? {} : { most: Number(most) }) };
      return { metadata: { annotations }, spec: { database, retention } };
    },
    downgrade: ({ metadata, spec: { database, retention } }) => ({
      metadata: { annotations: { ...metadata.annotations, ...(retention.most === undefined ? {} : { [MOST]: String(retention.most) }) } },
      spec: { database, keepDays: retention.days },
    }),
  }),
]);

/** Serves the conversion; it could have defaults and rules beside. */
export const backupWebhook = webhook(Backup);
