// The faults of one request, carried out around the server's own answer.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { FaultAction, FaultContext } from "./faults.ts";
import { send, sendHalf } from "./http.ts";
import type { Reply } from "./replies.ts";

/** Carries one fault out around `act`. Gives the status that was sent, or null. */
export async function perform(
  action: FaultAction | null,
  context: FaultContext,
  act: () => Reply,
  outgoing: ServerResponse,
): Promise<number | null> {
  const sent = (reply: Reply) => {
    send(outgoing, reply);
    return reply.status;
  };
  switch (action?.kind) {
    case undefined:
      return sent(act());
    case "status": {
      const body =
        action.body === undefined
          ? {
              message: "A fault of the tests",
              documentation_url: "",
              status: String(action.status),
            }
          : action.body;
      return sent({
        status: action.status,
        body,
        ...(action.headers === undefined ? {} : { headers: action.headers }),
      });
    }
    case "delay":
      await wait(action.ms);
      return sent(act());
    case "call": {
      await action.before?.(context);
      const reply = act();
      await action.after?.(context);
      return sent(reply);
    }
    case "half":
      await sendHalf(outgoing, act());
      return null;
    case "hang":
      await once(outgoing, "close");
      return null;
    case "apply-then-cut":
      act();
      outgoing.destroy();
      return null;
    case "cut":
      outgoing.destroy();
      return null;
  }
}
