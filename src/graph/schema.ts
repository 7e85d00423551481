import './scalars.ts';
import './access-decisions.ts';
import './alert.ts';
import './anomaly.ts';
import './attempt.ts';
import './api-key.ts';
import './api-key-changes.ts';
import './audit.ts';
import './budget-forecast.ts';
import './budget-queries.ts';
import './budget-set.ts';
import './completion-queries.ts';
import './completion-rate.ts';
import './completion-stream.ts';
import './dataset.ts';
import './dataset-record.ts';
import './dataset-set.ts';
import './estimate.ts';
import './evaluation.ts';
import './evaluation-compare.ts';
import './evaluation-list.ts';
import './evaluation-result.ts';
import './evaluation-set.ts';
import './grader-try.ts';
import './label-requirement.ts';
import './ledger.ts';
import './ledger-corrections.ts';
import './limit-set.ts';
import './member.ts';
import './model.ts';
import './model-access.ts';
import './model-lifecycle.ts';
import './model-replace.ts';
import './operation.ts';
import './organisation-change.ts';
import './price.ts';
import './provider.ts';
import './role.ts';
import './prompt.ts';
import './prompt-apply.ts';
import './prompt-diff.ts';
import './prompt-improve.ts';
import './prompt-label.ts';
import './prompt-label-request.ts';
import './prompt-list.ts';
import './prompt-partial.ts';
import './prompt-render.ts';
import './prompt-check.ts';
import './prompt-set.ts';
import './prompt-usage.ts';
import './prompt-used-by.ts';
import './prompt-experiment.ts';
import './route-change.ts';
import './route-learned.ts';
import './route-set.ts';
import './route-simulation.ts';
import './route-trial.ts';
import './trial-alert.ts';
import './route.ts';
import './route-decision.ts';
import './health.ts';
import './health-changed.ts';
import './sunset-alert.ts';
import './team-changes.ts';
import './usage.ts';
import './usage-ticks.ts';
import './user.ts';
import './viewer.ts';
import { builder } from './builder.ts';
import { guardEntities } from './entities.ts';
import { guardFields } from './guard-fields.ts';

/** The fields of prompts on entities of other subgraphs need the other two directives. */
const FEDERATION = 'https://specs.apollo.dev/federation/v2.6';

/** The graph that is served: also a Federation v2 subgraph, for whoever composes it into a larger one. */
export const schema = guardFields(
  guardEntities(
    builder.toSubGraphSchema({
      linkUrl: FEDERATION,
      federationDirectives: ['@key', '@requires', '@external'],
    }),
  ),
);

/** The same without the fields that only a federation router asks for: the contract for clients. */
export const clientSchema = builder.toSchema();
