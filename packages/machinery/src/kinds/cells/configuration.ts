import type { core } from "@outrigger/kit/kubernetes";
import { age, name, type Printers, printer, quantityText } from "./printer.ts";

export const configurationCells: Printers = {
  "/Namespace": printer<core.Namespace>((object, now) => [name(object), object.status?.phase ?? "", age(object, now)]),
  "/ConfigMap": printer<core.ConfigMap>((object, now) => [name(object), count(object.data) + count(object.binaryData), age(object, now)]),
  "/Secret": printer<core.Secret>((object, now) => [name(object), object.type ?? "", count(object.data), age(object, now)]),
  "/ServiceAccount": printer<core.ServiceAccount>((object, now) => [name(object), age(object, now)]),
  "/ResourceQuota": printer<core.ResourceQuota>((object, now) => {
    const limits: string[] = [];
    const requests: string[] = [];
    for (const resource of Object.keys(object.status?.hard ?? {}).sort()) {
      const text = `${resource}: ${quantityText(object.status?.used?.[resource])}/${quantityText(object.status?.hard?.[resource])}`;
      (resource.startsWith("limits.") ? limits : requests).push(text);
    }
    return [name(object), requests.join(", "), limits.join(", "), age(object, now)];
  }),
};

const count = (map: object | undefined): number => Object.keys(map ?? {}).length;
