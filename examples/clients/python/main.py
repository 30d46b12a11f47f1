"""Lists a group's open join requests, approves two ids, and says what to do about each outcome. Then sends the same decision again.

GATEWAY, TOKEN and GROUP come from the environment. No id is printed: it contains the person's phone number.
"""

import os
import sys
import uuid
from typing import TypeVar

import httpx

from joingate_client import AuthenticatedClient
from joingate_client.api.join_requests import approve_join_requests, list_join_requests
from joingate_client.models import Decision, DecisionInput, DecisionResult, JoinRequestList, Problem
from joingate_client.types import Response, Unset

Body = TypeVar("Body")


def next_step(result: DecisionResult) -> str:
    """What to do about one id. New outcomes may come within v1: whatever is not known here is `unknown`."""
    match result.outcome:
        case "approved" | "rejected" | "already_approved" | "already_rejected":
            return "done"
        case "gone":
            return "nothing to do: not open any more"
        case "failed" if not isinstance(result.problem, Unset):
            return "send it again later" if result.problem.retryable else f"give up: {result.problem.code}"
        case "not_sent":
            return "send it again, with the same Idempotency-Key"
        case _:
            return "not known: send it again with the same Idempotency-Key, or list the group"


def expect(kind: type[Body], response: Response[Body | Problem]) -> Body:
    """The body of an answer that is no problem. Of a decision, a problem means that nothing was executed unless `executed` says `unknown`."""
    answer = response.parsed
    if isinstance(answer, Problem):
        again = f", again in {response.headers.get('Retry-After', 'some')} s" if answer.retryable else ""
        sys.exit(f"{answer.code}: {answer.title} (request {answer.request_id}{again})")
    if not isinstance(answer, kind):
        sys.exit(f"answered {response.status_code}, which the contract does not have here")
    return answer


def main() -> None:
    group = os.environ["GROUP"]
    # Longer than the gateway's own deadline, so that its answer is what ends the wait.
    timeout = httpx.Timeout(20)
    with AuthenticatedClient(base_url=os.environ["GATEWAY"], token=os.environ["TOKEN"], timeout=timeout) as client:
        listed = list_join_requests.sync_detailed(group, client=client, cache_control="max-age=2")
        waiting = expect(JoinRequestList, listed).join_requests
        print(f"open: {len(waiting)}")
        if not waiting:
            sys.exit("nobody waits")
        # The second one stands for a request that was withdrawn in the meantime.
        body = DecisionInput(join_request_ids=[waiting[0].id, "bm9ib2R5"], reason="example")
        # One key for the decision, and the same for its repeats: kept with the decision, not made anew for each attempt.
        key = str(uuid.uuid4())
        for attempt in ("first", "repeat"):
            response = approve_join_requests.sync_detailed(group, client=client, body=body, idempotency_key=key)
            # 200 when every id ended as asked, 207 when any did not: the results tell, not the status.
            decision = expect(Decision, response)
            replayed = ", from the record" if response.headers.get("Idempotency-Replayed") == "true" else ""
            print(f"{attempt}: {response.status_code}{replayed}")
            for number, result in enumerate(decision.results, start=1):
                print(f"  {number}. {result.outcome}: {next_step(result)}")


main()
