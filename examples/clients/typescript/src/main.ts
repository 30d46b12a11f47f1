// Lists a group's open join requests, approves two ids, and says what to do about each outcome. Then sends the same decision again.
//
// GATEWAY, TOKEN and GROUP come from the environment. No id is printed: it contains the person's phone number.
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./joingate.js";

type Result = components["schemas"]["DecisionResult"];
type Problem = components["schemas"]["Problem"];

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** What became of one id, and what to do. New outcomes may come within v1: whatever is not known here is `unknown`. */
function nextStep(result: Result): string {
  switch (result.outcome) {
    case "approved":
    case "rejected":
    case "already_approved":
    case "already_rejected":
      return "done";
    case "gone":
      return "nothing to do: not open any more";
    case "failed":
      return result.problem?.retryable ? "send it again later" : `give up: ${result.problem?.code}`;
    case "not_sent":
      return "send it again, with the same Idempotency-Key";
    default:
      return "not known: send it again with the same Idempotency-Key, or list the group";
  }
}

/** A problem of the whole call. Of a decision, nothing was executed unless `executed` says `unknown`. */
function explain(problem: Problem, retryAfter: string | null): Error {
  const again = problem.retryable ? `, again in ${retryAfter ?? "some"} s` : "";
  return new Error(`${problem.code}: ${problem.title} (request ${problem.request_id ?? "?"}${again})`);
}

const client = createClient<paths>({
  baseUrl: setting("GATEWAY"),
  headers: { Authorization: `Bearer ${setting("TOKEN")}` },
  // Longer than the gateway's own deadline, so that its answer is what ends the wait.
  fetch: (request) => fetch(request, { signal: AbortSignal.timeout(20_000) }),
});
const path = { group_id: setting("GROUP") };

const list = await client.GET("/v1/groups/{group_id}/join-requests", {
  params: { path, header: { "Cache-Control": "max-age=2" } },
});
if (list.error !== undefined) throw explain(list.error, list.response.headers.get("Retry-After"));
const open = list.data.join_requests;
console.log(`open: ${open.length}`);

const first = open[0];
if (first === undefined) throw new Error("nobody waits");
// The second one stands for a request that was withdrawn in the meantime.
const body = { join_request_ids: [first.id, "bm9ib2R5"], reason: "example" };
// One key for the decision, and the same for its repeats: kept with the decision, not made anew for each attempt.
const key = randomUUID();

for (const attempt of ["first", "repeat"]) {
  const decision = await client.POST("/v1/groups/{group_id}/join-requests/approve", {
    params: { path, header: { "Idempotency-Key": key } },
    body,
  });
  if (decision.error !== undefined) throw explain(decision.error, decision.response.headers.get("Retry-After"));
  // 200 when every id ended as asked, 207 when any did not: the results tell, not the status.
  const replayed = decision.response.headers.get("Idempotency-Replayed") === "true";
  console.log(`${attempt}: ${decision.response.status}${replayed ? ", from the record" : ""}`);
  decision.data.results.forEach((result, index) => console.log(`  ${index + 1}. ${result.outcome}: ${nextStep(result)}`));
}
