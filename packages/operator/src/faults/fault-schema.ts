import { t } from "@outrigger/kit/schema";

export const faultSchema = t.Any();
