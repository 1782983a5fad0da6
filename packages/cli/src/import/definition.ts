import {
  type ConversionClient,
  type CustomResource,
  type CustomResourceDefinitionObject,
  defineResource,
  formerVersion,
  type SchemaNode,
  type TSchema,
  t,
  withVersions,
} from "@outrigger/kit/schema";
import { CliError } from "../errors.ts";
import { differing } from "./difference.ts";
import { normalDefinition, normalWhole } from "./normal.ts";
import { built, members, optional } from "./schema.ts";
import { type Field, json, record, type Source, write } from "./source.ts";

/** The source of a kind, and the names that it takes from the kit. */
export interface Imported {
  readonly source: string;
  readonly uses: readonly string[];
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: SchemaNode };
  readonly subresources?: { readonly status?: object; readonly scale?: object };
  readonly additionalPrinterColumns?: readonly { readonly name: string; readonly jsonPath: string }[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}
interface Spec {
  readonly group: string;
  readonly scope: "Namespaced" | "Cluster";
  readonly names: {
    readonly kind: string;
    readonly plural: string;
    readonly singular?: string;
    readonly listKind?: string;
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  };
  readonly versions: readonly Version[];
  readonly conversion?: { readonly strategy?: string; readonly webhook?: { readonly clientConfig?: Client } };
}
interface Client {
  readonly url?: string;
  readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number };
  readonly caBundle?: string;
}
type Definition = Omit<CustomResourceDefinitionObject, "spec"> & { readonly spec: unknown };

/**
 * Writes the source of a kind. The kit makes the definition anew from the same parts; it must say what the given one says.
 *
 * @throws CliError that names what `defineResource` cannot say: nothing is left out.
 */
export function importDefinition(definition: CustomResourceDefinitionObject, variable: string): Imported {
  const { metadata } = definition;
  const spec = definition.spec as unknown as Spec;
  const stored = spec.versions.find(({ storage }) => storage);
  if (!stored) throw new CliError(`${metadata.name}: no version is stored: it is no valid definition`);
  const refuse = (why: string): CliError => new CliError(`${metadata.name}: ${why}: the builder cannot say it; write this kind by hand`);
  if (!stored.served) throw refuse(`the stored version ${stored.name} is not served`);
  const conversion = conversionOf(spec, refuse);
  const several = spec.versions.length > 1 || conversion !== undefined;
  const nameOf = ({ name }: Version): string => (several ? `${variable}${name[0]?.toUpperCase()}${name.slice(1)}` : variable);
  const order = [stored, ...spec.versions.filter((version) => version !== stored)];
  try {
    const made = order.map((version) => ({ version, ...resourceOf(definition, spec, version) }));
    const lines = made.map(
      ({ version, source }) =>
        `${several ? "" : "export "}${declared(nameOf(version), { call: "defineResource", with: [source] }, several ? 0 : "export ".length)}`,
    );
    const [now, ...former] = made;
    const again = withVersions(
      now!.resource,
      former.map(({ version, resource }) => formerVersion(resource, now!.resource, { served: version.served })),
    );
    if (several) {
      const formers: Source = {
        list: former.map(({ version }) => ({
          call: "formerVersion",
          with: [nameOf(version), nameOf(stored), ...(version.served ? [] : [record({ served: false })])],
        })),
      };
      lines.push(
        ...(former.length > 0
          ? ["// Give formerVersion the functions upgrade and downgrade where the versions differ in more than their name."]
          : []),
        `export ${declared(variable, { call: "withVersions", with: [nameOf(stored), formers] }, "export ".length)}`,
      );
    }
    if (conversion) {
      lines.push(
        `// Where the API server finds the webhook that converts: ${variable}.crd(${variable}Conversion).`,
        `export const ${variable}Conversion: ConversionClient = ${write(json(conversion), 0, `export const ${variable}Conversion: ConversionClient = `.length)};`,
      );
    }
    const before = normalDefinition(definition as never);
    const after = normalDefinition(JSON.parse(JSON.stringify(again.crd(conversion))));
    const difference = differing(before, after);
    if (difference !== undefined) throw refuse(difference);
    return {
      source: `${lines.join("\n")}\n`,
      uses: [
        "defineResource",
        ...(former.length > 0 ? ["formerVersion"] : []),
        ...(several ? ["withVersions"] : []),
        ...(conversion ? ["type ConversionClient"] : []),
      ],
    };
  } catch (error) {
    if (error instanceof RangeError) throw new CliError(`${metadata.name}: ${error.message}`, { cause: error });
    throw error;
  }
}

function declared(name: string, source: Source, shift: number): string {
  const head = `const ${name} = `;
  return `${head}${write(source, 0, head.length + shift)};`;
}

function resourceOf(
  { metadata }: Definition,
  { group, scope, names }: Spec,
  version: Version,
): { readonly source: Source; readonly resource: CustomResource<string, string, object, object, "Namespaced" | "Cluster"> } {
  const schema = normalWhole(version.schema?.openAPIV3Schema ?? {});
  const { properties = {}, required = [], description, "x-kubernetes-validations": rules, ...rest } = schema;
  const { spec, status, ...others } = properties;
  const { subresources = {}, additionalPrinterColumns: columns = [], selectableFields = [] } = version;
  const withStatus = status && subresources.status;
  const fields = { ...others, ...(status && !withStatus ? { status } : {}) };
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => name !== "kubectl.kubernetes.io/last-applied-configuration"),
  );
  const plain = {
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural === `${names.kind.toLowerCase()}s` ? undefined : names.plural,
    singular: names.singular === names.kind.toLowerCase() ? undefined : names.singular,
    listKind: names.listKind === `${names.kind}List` ? undefined : names.listKind,
    shortNames: filled(names.shortNames),
    categories: filled(names.categories),
    scope: scope === "Namespaced" ? undefined : scope,
    labels: filled(metadata.labels),
    annotations: filled(annotations),
    deprecated: version.deprecated ? (version.deprecationWarning ?? true) : undefined,
    description,
    scale: subresources.scale,
    statusSubresource: subresources.status && !status ? true : undefined,
    selectableFields: filled(selectableFields.map(({ jsonPath }) => jsonPath)),
    columns: filled(columns),
    age: columns.length > 0 && !columns.some(({ name }) => name.toLowerCase() === "age") ? false : undefined,
    rules,
  };
  const nodes: Record<string, TSchema> = {};
  const all: Field[] = [...record(plain).fields];
  const add = (name: string, { source, node, raw }: ReturnType<typeof built>): void => {
    nodes[name] = node;
    all.push({ name, value: source, comment: raw });
  };
  const stated = required.filter((name) => !(name in properties));
  if (stated.length > 0) throw new RangeError(`${version.name}: ${stated.join(", ")} is required and has no schema: describe it first`);
  if (Object.keys(fields).length > 0 || Object.keys(rest).length > 1) {
    const own = {
      ...rest,
      ...(Object.keys(fields).length > 0 ? { properties: fields } : {}),
      required: required.filter((name) => name in fields),
    };
    const part = built(own as SchemaNode);
    // An object without fields is any object for `built`, which `fields` does not take.
    const open = rest["x-kubernetes-preserve-unknown-fields"] && Object.keys(fields).length === 0;
    add(
      "fields",
      open
        ? {
            source: { call: "t.Object", with: [members({}).source, record({ preserveUnknownFields: true })] },
            node: t.Object({}, { preserveUnknownFields: true }),
          }
        : part,
    );
  }
  if (spec) add("spec", optional(built(spec), required.includes("spec") || spec.default !== undefined));
  if (withStatus) add("status", built(status));
  const { age, columns: given, ...definition } = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  const resource = defineResource({
    ...definition,
    ...(age === undefined ? {} : { age }),
    ...(given === undefined ? {} : { columns: given }),
    ...nodes,
  } as never) as unknown as CustomResource<string, string, object, object, "Namespaced" | "Cluster">;
  return { source: { fields: all, open: true }, resource };
}

/** The address of the conversion webhook as `crd` takes it. */
function conversionOf({ conversion }: Spec, refuse: (why: string) => CliError): ConversionClient | undefined {
  if (conversion?.strategy !== "Webhook") return undefined;
  const { caBundle, ...where } = conversion.webhook?.clientConfig ?? {};
  if (!where.url && !where.service) throw refuse("spec.conversion.webhook.clientConfig names no address");
  return { ...where, ...(caBundle ? { caBundle: atob(caBundle) } : {}) } as ConversionClient;
}

function filled<T extends object>(value: T | undefined): T | undefined {
  return value && Object.keys(value).length > 0 ? value : undefined;
}
