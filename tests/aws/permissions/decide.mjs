// Reads questions as JSON, [{action, resource, context, policies, bucketPolicy}], and answers each with "Allowed" or how it is refused.
import { readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const account = "123456789012";

async function decide(question) {
  const answer = await runSimulation(
    {
      request: {
        action: question.action,
        principal: `arn:aws:sts::${account}:assumed-role/role/${question.context["aws:userid"].split(":")[1]}`,
        resource: { resource: question.resource, accountId: account },
        contextVariables: question.context,
      },
      identityPolicies: question.policies.map((policy, number) => ({ name: `policy-${number}`, policy })),
      resourcePolicy: question.bucketPolicy ?? undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  return answer.overallResult ?? `no answer: ${JSON.stringify(answer)}`;
}

const questions = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await Promise.all(questions.map(decide))));
