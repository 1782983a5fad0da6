import { defineConfig } from "vitepress";
import { decisions, guides, page, reference } from "./pages.ts";
import { repositoryLinks } from "./repository-links.ts";

// Guides for authors of operators, in reading order; every other guide is about the manager.
const OPERATOR = [
  "controllers",
  "schemas",
  "webhooks",
  "testing",
  "finalizers",
  "versions",
  "configuration",
  "rbac",
  "deploying",
  "troubleshooting",
  "from-go",
  "from-javascript",
  "devcluster",
];
const MANAGER = ["sidecarset", "sidecarset-injection", "templates", "inject", "pod-defaults", "job-policy", "overcommit"];

function sidebar(prefix: "" | "zh/", operator: string, manager: string) {
  return [
    page(`${prefix}tutorial`),
    { text: operator, items: guides(`${prefix}guide`, OPERATOR) },
    { text: manager, items: [...guides(`${prefix}guide`, MANAGER, OPERATOR), page(`${prefix}operations`)] },
  ];
}

export default defineConfig({
  title: "Outrigger",
  description: "Extend Kubernetes in TypeScript",
  // Links to missing pages fail the build; check-links.ts then follows anchors.
  ignoreDeadLinks: false,
  markdown: { config: repositoryLinks },
  // No icon: browsers need not ask for one.
  head: [["link", { rel: "icon", href: "data:," }]],
  vite: { publicDir: false },
  // Decisions have no Chinese page: the language menu leads to the start page of the other language.
  themeConfig: {
    search: {
      provider: "local",
      options: {
        miniSearch: {
          // Chinese has no spaces between words: the segmenter finds them. This function also runs in the browser, alone.
          options: {
            tokenize: (text: string) =>
              [...new Intl.Segmenter("zh", { granularity: "word" }).segment(text)]
                .filter((part) => part.isWordLike)
                .map((part) => part.segment),
          },
        },
      },
    },
    i18nRouting: false,
    outline: [2, 3],
  },
  locales: {
    root: {
      label: "English",
      lang: "en",
      themeConfig: {
        nav: [
          { text: "Tutorial", link: "/tutorial" },
          { text: "API reference", link: "/reference/" },
          { text: "Operations", link: "/operations" },
        ],
        sidebar: {
          "/": [
            ...sidebar("", "Write an operator", "Run the manager"),
            { text: "API reference", collapsed: true, items: reference() },
            { text: "Decisions", collapsed: true, items: decisions() },
          ],
        },
      },
    },
    zh: {
      label: "中文",
      lang: "zh-CN",
      themeConfig: {
        nav: [
          { text: "教程", link: "/zh/tutorial" },
          { text: "API 参考（英文）", link: "/reference/" },
          { text: "运维", link: "/zh/operations" },
        ],
        sidebar: { "/zh/": sidebar("zh/", "编写 operator", "运行 manager") },
        outline: { level: [2, 3], label: "本页内容" },
        docFooter: { prev: "上一页", next: "下一页" },
      },
    },
  },
});
