import { compileRules, decide, defaultSidecarSet, type PodDefaults, parseTemplate, type SidecarSet } from "@outrigger/operator";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { parseDocument, visit } from "yaml";
import { admitted } from "./decide.ts";
import { chunks, parsed, pods } from "./documents.ts";
import { JOURNAL_ANNOTATION } from "./journal.ts";
import { document, file } from "./manifest-texts.ts";
import { injectText, uninjectText } from "./text.ts";

// A hundred files and more, which a busy machine takes long for.
vi.setConfig({ testTimeout: 120_000 });
const RUNS = Number(process.env["PROPERTY_RUNS"] ?? 100);
const rules = compileRules({
  podDefaults: [
    {
      ...{ apiVersion: "outrigger.dev/v1alpha1", kind: "PodDefaults", metadata: { name: "d" } },
      spec: {
        labels: [{ name: "team", value: "yes", override: true }],
        annotations: [{ name: "note", value: "two\nlines" }],
        env: [
          { name: "A", value: "- #", override: true },
          { name: "W", valueFrom: { workloadName: true } },
        ],
        sidecarReadinessGate: true,
      },
    } as PodDefaults,
  ],
  sidecarSets: [
    defaultSidecarSet({
      ...{ apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", metadata: { name: "logtail" } },
      spec: {
        selector: { matchExpressions: [{ key: "never", operator: "DoesNotExist" }] },
        containers: [
          { name: "logtail", image: "logtail:1", volumeMounts: [{ name: "log", mountPath: "/log" }] },
          { name: "last", image: "last:1", podInjectPolicy: "AfterAppContainer", shareVolumePolicy: { type: "enabled" } },
        ],
        initContainers: [{ name: "init", image: "busybox:1" }],
        volumes: [{ name: "log", emptyDir: {} }],
      },
    } as unknown as SidecarSet),
  ],
  templates: [
    parseTemplate(
      "proxy",
      'containers: [{name: proxy, image: "proxy:1", args: ["yes", "- a", ""]}]\nenv: [{name: P, value: "on"}]\nvolumeMounts: [{name: run, mountPath: /run}]\nvolumes: [{name: run, emptyDir: {}}]\nsecurityContext: {fsGroup: 5}\nimagePullSecrets: [{name: t}]\n',
    ),
  ],
});
const namespaces = { byDefault: "default", labels: () => ({ "sidecar-injection": "enabled" }) };
const at = (now: string) => ({ rules, namespaces, now, everyRule: false });
const NOW = "2026-01-02T03:04:05Z";
const inject = (text: string, now = NOW): string => injectText("f", text, at(now)).text;

test("what was injected is taken out to the byte, and injecting again changes nothing", () => {
  let changed = 0;
  void fc.assert(
    fc.property(fc.gen(), (g) => {
      const text = file(g);
      const result = inject(text);
      if (result !== text) changed++;
      expect(uninjectText("f", result)).toEqual({ text, notes: [], documents: expect.any(Number) });
      expect(inject(result, "2027-01-02T03:04:05Z")).toBe(result);
    }),
    { numRuns: RUNS },
  );
  expect(changed).toBeGreaterThan(RUNS / 2);
});

test("what was injected is what admission makes of the pods of the file as it was, and admission adds nothing to it", () => {
  const found = (text: string) => chunks(text).flatMap((chunk) => pods(parsed(chunk).value));
  let injected = 0;
  void fc.assert(
    fc.property(fc.gen(), (g) => {
      const text = file(g);
      const [before, after] = [found(text), found(inject(text))];
      expect(after.length).toBe(before.length);
      before.forEach((one, index) => {
        const namespace = (one.object["metadata"] as { namespace?: string } | undefined)?.namespace ?? "default";
        const context = { namespace, namespaceLabels: namespaces.labels(), now: NOW, operation: "CREATE" };
        const [made, written] = [decide(admitted(one, namespace), rules, context), admitted(after[index]!, namespace)];
        // JSON has no comments: there the journal of `inject` is an annotation, which admission does not write.
        const { [JOURNAL_ANNOTATION]: _, ...annotations } = written.metadata.annotations ?? {};
        const withoutJournal = written.metadata.annotations ? { ...written, metadata: { ...written.metadata, annotations } } : written;
        expect(JSON.parse(JSON.stringify(made.pod))).toEqual(withoutJournal);
        expect(decide(written, rules, { ...context, now: "2027-01-02T03:04:05Z" }).patch).toEqual([]);
        if (made.patch.length > 0) injected++;
      });
    }),
    { numRuns: RUNS },
  );
  expect(injected).toBeGreaterThan(RUNS / 2);
});

/** Where the texts of a document are. */
function scalars(text: string): (readonly [number, number])[] {
  const places: [number, number][] = [];
  visit(parseDocument(text), { Scalar: (_, { range }) => void (range && places.push([range[0], range[1]])) });
  return places;
}

test("comments and blank lines stay, in their order", () => {
  void fc.assert(
    fc.property(fc.gen(), (g) => {
      const text = document(g);
      const texts = scalars(text);
      // A line in a text that a rule replaces goes with it.
      const before = [...text.matchAll(/^[^\S\n]*(?:#.*)?$/gm)]
        .filter(({ index }) => !texts.some(([start, end]) => start < index && index < end))
        .map(([line]) => line);
      const result = inject(text).split("\n");
      // Each comment is still there, in its order.
      let from = 0;
      for (const line of before) {
        from = result.indexOf(line, from) + 1;
        expect(from, `${line} of ${text}`).toBeGreaterThan(0);
      }
    }),
    { numRuns: RUNS },
  );
});

test("of a document that was edited since, what was injected is taken out, and the edit stays", () => {
  void fc.assert(
    fc.property(fc.gen(), (g) => {
      const text = document(g);
      const result = inject(text);
      fc.pre(result !== text);
      const value = (one: string): unknown => parsed(one).value;
      // A comment in front is an edit that no journal knows; it cannot stand before JSON.
      const edited = /^\s*[{]/.test(text) ? result.replace(/\}(\s*)$/, ', "edited": 1}$1') : `# edited\n${result}`;
      fc.pre(!/# outrigger inject/.test(result) || edited.startsWith("# edited"));
      const back = uninjectText("f", edited);
      expect(back.notes[0]).toContain("edited since");
      expect(chunks(back.text)).toHaveLength(1);
      const { edited: _, ...rest } = value(back.text) as { edited?: number };
      expect(rest).toEqual(value(text));
      expect(pods(rest).length).toBeGreaterThan(0);
    }),
    { numRuns: RUNS },
  );
});
