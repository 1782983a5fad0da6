/**
 * The REST registry: what the API server does with objects between the wire and the store, for any kind.
 * It works on `ServedResource`s alone; what is particular to a kind stands in its row and its strategy.
 */
export type { Admission, AdmissionAttributes, ClusterReader, ServedResource, Strategy, UserInfo } from "./contracts.ts";
