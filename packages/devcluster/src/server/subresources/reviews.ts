import type { Cause, KubeObject } from "@outrigger/kit/api";
import { badRequest, invalid, noSuchResource, timestamp, trackFields, type UserInfo } from "../../registry/index.ts";
import type { Attributes, Authorizer } from "../authorize.ts";
import type { ApiResponse } from "../request.ts";
import { acceptSingle, decoded, type ResourceRequest } from "../resource-handler.ts";
import { single } from "../respond.ts";
import { writeOptions } from "../write-options.ts";

export interface Reviews {
  readonly authorizer: Authorizer;
  /** Whose token it is. */
  inspect(token: string): { readonly user: UserInfo; readonly audiences?: readonly string[] } | undefined;
}

interface AccessSpec {
  user?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
  resourceAttributes?: {
    verb?: string;
    group?: string;
    version?: string;
    resource?: string;
    subresource?: string;
    namespace?: string;
    name?: string;
  };
  nonResourceAttributes?: { verb?: string; path?: string };
}

/** Questions that look like objects: answered at once, never stored. */
export async function createReview(one: ResourceRequest, reviews: Reviews): Promise<ApiResponse> {
  const { request, target, caller } = one;
  const media = acceptSingle(one);
  const options = writeOptions(request.query, "CreateOptions");
  const object = await decoded(one, options.fieldValidation);
  const given = object.metadata.namespace;
  if (target.namespace !== "" && given !== undefined && given !== target.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (target.namespace !== "") object.metadata.namespace = target.namespace;
  delete object["status"];
  const answer = answers[target.resource.plural];
  if (!answer) throw noSuchResource();
  trackFields(target, undefined, object, caller, options);
  answer(object, caller.user, reviews);
  return single(201, target.resource, { object }, media, request.query);
}

type Answer = (object: KubeObject, user: UserInfo, reviews: Reviews) => void;

const answers: Readonly<Record<string, Answer>> = {
  selfsubjectreviews(object, user) {
    object.metadata = { creationTimestamp: timestamp() };
    object["status"] = { userInfo: shownUser(user) };
  },

  tokenreviews(object, _user, { inspect }) {
    const { token = "", audiences } = (object["spec"] ?? {}) as { token?: string; audiences?: string[] };
    if (token === "") {
      throw invalid({ group: "authentication.k8s.io", kind: "TokenReview" }, "", [
        {
          reason: "FieldValueRequired",
          message: "Required value: token is required for TokenReview in authentication",
          field: "spec.token",
        },
      ]);
    }
    const found = inspect(token);
    const shared = audiences?.filter((one) => found?.audiences?.includes(one));
    if (!found || (audiences?.length && !shared?.length)) {
      object["status"] = { user: {}, error: "invalid bearer token" };
      return;
    }
    const groups = [...found.user.groups, ...(found.user.groups.includes("system:authenticated") ? [] : ["system:authenticated"])];
    const shownAudiences = shared?.length ? shared : found.audiences;
    object["status"] = {
      authenticated: true,
      user: shownUser({ ...found.user, groups }),
      ...(shownAudiences ? { audiences: shownAudiences } : {}),
    };
  },

  subjectaccessreviews: (object, _user, reviews) => review(object, subjectOf(object), reviews, true),
  localsubjectaccessreviews(object, _user, reviews) {
    review(object, subjectOf(object), reviews, true);
  },
  selfsubjectaccessreviews: (object, user, reviews) => review(object, user, reviews, false),

  selfsubjectrulesreviews(object, user, { authorizer }) {
    const namespace = (object["spec"] as { namespace?: string } | undefined)?.namespace ?? "";
    if (namespace === "") throw badRequest("no namespace on request");
    const rules = authorizer.rulesFor(user, namespace);
    object["spec"] = {};
    object["status"] = {
      resourceRules: rules
        .filter((rule) => rule.resources)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...(resourceNames ? { resourceNames } : {}),
        })),
      nonResourceRules: rules.filter((rule) => rule.nonResourceURLs).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: false,
    };
  },
};

function shownUser({ username, uid, groups, extra }: UserInfo): object {
  return { username, ...(uid ? { uid } : {}), groups, ...(extra && Object.keys(extra).length > 0 ? { extra } : {}) };
}

function subjectOf(object: KubeObject): UserInfo {
  const { user = "", uid, groups = [], extra } = (object["spec"] ?? {}) as AccessSpec;
  return { username: user, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}

function review(object: KubeObject, user: UserInfo, { authorizer }: Reviews, named: boolean): void {
  const spec = (object["spec"] ?? {}) as AccessSpec;
  const causes = problems(spec, named);
  if (causes.length > 0) throw invalid({ group: "authorization.k8s.io", kind: "" }, "", causes);
  const reason = authorizer.reason(user, attributesOf(spec));
  object["status"] = reason === undefined ? { allowed: false } : { allowed: true, ...(reason ? { reason } : {}) };
}

function attributesOf({ resourceAttributes: resource, nonResourceAttributes: path }: AccessSpec): Attributes {
  const none = { group: "", version: "", resource: "", subresource: "", namespace: "", name: "" };
  if (!resource) return { ...none, verb: path?.verb ?? "", path: path?.path ?? "", isResource: false };
  return { ...none, verb: "", ...resource, path: "", isResource: true };
}

function problems(spec: AccessSpec, named: boolean): Cause[] {
  const causes: Cause[] = [];
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    const message = "Invalid value: cannot be specified in combination with resourceAttributes";
    causes.push({ reason: "FieldValueInvalid", message, field: "spec.nonResourceAttributes" });
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const message = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
    causes.push({ reason: "FieldValueInvalid", message, field: "spec.resourceAttributes" });
  }
  if (named && !spec.user && !spec.groups?.length) {
    causes.push({
      reason: "FieldValueInvalid",
      message: 'Invalid value: "": at least one of user or group must be specified',
      field: "spec.user",
    });
  }
  return causes;
}
