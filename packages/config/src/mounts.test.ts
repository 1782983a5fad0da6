import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mountProblems, withConfiguration } from "./index.ts";
import { jsonFault } from "./json-fault.ts";

// Lines of /proc/self/mountinfo as a container has them.
const VOLUME = "/var/lib/kubelet/pods/6e4f/volumes/kubernetes.io~configmap";
const line = (root: string, point: string): string => `812 790 8:1 ${root} ${point} ro,relatime - ext4 /dev/sda1 rw`;
const rootMount = "790 700 0:50 / / rw,relatime - overlay overlay rw";

describe("mounts that keep a file from being followed", () => {
  test("a whole ConfigMap in a folder of its own is well, blanks in its name too", async () => {
    const table = [rootMount, line(`${VOLUME}/a`, "/etc/config/a"), line(`${VOLUME}/b`, "/etc/my\\040config")].join("\n");
    expect(await mountProblems("/etc/config/a/app.json", table)).toEqual([]);
    expect(await mountProblems("/etc/my config/app.json", table)).toEqual([]);
    expect(await mountProblems("/srv/app.json", table)).toEqual([]);
    expect(await mountProblems("/srv/app.json", "")).toEqual([]);
  });

  test.each([
    ["a file by its swap's folder", `${VOLUME}/a/..2026_01_02_03_04_05.678/app.json`, "/etc/config/app.json"],
    ["a file by volume-subpaths", "/var/lib/kubelet/pods/6e4f/volume-subpaths/a/main/0", "/etc/config/app.json"],
    ["a folder by subPath", `${VOLUME}/a/..2026_01_02_03_04_05.678/etc`, "/etc/config"],
  ])("subPath: %s", async (_, root, point) => {
    expect(await mountProblems("/etc/config/app.json", [rootMount, line(root, point)].join("\n"))).toEqual([
      "/etc/config/app.json is mounted with subPath: the kubelet never updates it; mount the whole ConfigMap into a folder of its own and leave subPath out",
    ]);
  });

  test("two volumes at one path", async () => {
    const table = [rootMount, line(`${VOLUME}/a`, "/etc/config"), line(`${VOLUME}/b`, "/etc/config")].join("\n");
    expect(await mountProblems("/etc/config/app.json", table)).toEqual([
      "2 volumes are mounted at /etc/config: only the last one is seen; give each a folder of its own",
    ]);
  });
});

describe("a pod template", () => {
  const template = { metadata: { labels: { app: "bfe" } }, spec: { containers: [{ name: "bfe" }], initContainers: [{ name: "init" }] } };
  const mounts = [
    { name: "legacy-cm", configMap: "bfe-legacy-cm", key: "bfe-legacy-cm", folder: "/etc/config/bfe/legacy-cm", containers: ["bfe"] },
    { name: "legacy-as", configMap: "bfe-legacy-as", key: "bfe-legacy-as", folder: "/etc/config/bfe/legacy-as/", optional: true },
  ];
  const mounted = (name: string) => ({ name: `config-${name}`, mountPath: `/etc/config/bfe/${name}`, readOnly: true });
  const variable = (name: string, value: string) => ({ name: `CONFIG_PATH_${name}`, value });

  test("gets volume, mount and variable for each, once", () => {
    const before = structuredClone(template);
    const filled = withConfiguration(template, mounts);
    expect(filled).toEqual({
      metadata: { labels: { app: "bfe" } },
      spec: {
        containers: [
          {
            name: "bfe",
            env: [
              variable("LEGACY_CM", "/etc/config/bfe/legacy-cm/legacy-cm.json"),
              variable("LEGACY_AS", "/etc/config/bfe/legacy-as/legacy-as.json"),
            ],
            volumeMounts: [mounted("legacy-cm"), mounted("legacy-as")],
          },
        ],
        initContainers: [
          { name: "init", env: [variable("LEGACY_AS", "/etc/config/bfe/legacy-as/legacy-as.json")], volumeMounts: [mounted("legacy-as")] },
        ],
        volumes: [
          { name: "config-legacy-cm", configMap: { name: "bfe-legacy-cm", items: [{ key: "bfe-legacy-cm", path: "legacy-cm.json" }] } },
          {
            name: "config-legacy-as",
            configMap: { name: "bfe-legacy-as", items: [{ key: "bfe-legacy-as", path: "legacy-as.json" }], optional: true },
          },
        ],
      },
    });
    expect(template).toEqual(before);
    expect(withConfiguration(filled, mounts)).toEqual(filled);
  });

  test.each([
    [
      "two at one path",
      [
        { name: "a", folder: "/etc/config" },
        { name: "b", folder: "/etc/config/" },
      ],
      "container bfe has config-a mounted at /etc/config already",
    ],
    [
      "one below another",
      [{ name: "a", folder: "/etc/config" }, { name: "b" }],
      "container bfe has config-a mounted at /etc/config: one configuration below another cannot be mounted",
    ],
    [
      "one above another",
      [{ name: "a" }, { name: "b", folder: "/etc/config/x/.." }],
      "container bfe has config-a mounted at /etc/config/a",
    ],
    ["one name for two", [{ name: "a" }, { name: "a", configMap: "b" }], "the pod has another volume config-a"],
    ["a name in capital letters", [{ name: "A" }], "the name must have at most 56 lower-case letters"],
    ["the root", [{ name: "a", folder: "/" }], 'the folder "/" must be absolute, and not the root'],
    ["a container that is not there", [{ name: "a", containers: ["x"] }], "there is no container x"],
    ["a file outside", [{ name: "a", file: "../a.json" }], 'the file "../a.json" must be a path in the folder'],
  ])("refuses %s", (_, wrong, message) => {
    expect(() => withConfiguration(template, wrong)).toThrow(message);
  });

  test("refuses a variable that is another's", () => {
    const own = { spec: { containers: [{ name: "bfe", env: [{ name: "CONFIG_PATH_A", value: "/x" }] }] } };
    expect(() => withConfiguration(own, [{ name: "a" }])).toThrow("container bfe has another variable CONFIG_PATH_A");
  });
});

test("a text has a fault exactly where JSON.parse throws", () => {
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const spoiled = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "}", "]", '"', ":", "x", "0", "\n", "\\", "\u0001", "{", "["))
    .map(([text, at, char]) => {
      const position = at % (text.length + 1);
      return `${text.slice(0, position)}${char}${text.slice(position + (at % 2))}`;
    });
  fc.assert(
    fc.property(fc.oneof(fc.json(), spoiled, fc.string()), (text) => {
      const fault = jsonFault(text);
      expect(fault === undefined, text).toBe(parses(text));
      if (fault) expect(fault.offset).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 3000 },
  );
  expect(jsonFault("[".repeat(100_000))).toMatchObject({ offset: 100_000 });
});
