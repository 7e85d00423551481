import type { Result, Standing } from './eval-graph.ts';

/** What XML 1.0 cannot hold, whatever is done to it: https://www.w3.org/TR/xml/#charsets */
const UNWRITABLE = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * A report in the format that continuous integration reads: a test case for each case. FAILED by graders is a failure, without
 * an answer an error; and that it was stopped is an error of a test case of its own.
 */
export function toJunit(standing: Standing, results: readonly Result[]): string {
  const { promptVersion, dataset, datasetVersion, status, stopMessage, createdAt, id, cost } = standing;
  const { slug } = promptVersion.prompt;
  const stopped =
    status === 'STOPPED'
      ? [
          element('testcase', { classname: slug, name: 'evaluation', time: '0' }, [
            element('error', { message: stopMessage ?? 'it was stopped', type: 'STOPPED' }),
          ]),
        ]
      : [];
  const seconds = results.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / 1_000;
  const counts = {
    tests: String(results.length + stopped.length),
    failures: String(results.filter(({ passed, error }) => !passed && error === null).length),
    errors: String(results.filter(({ error }) => error !== null).length + stopped.length),
    time: seconds.toFixed(3),
  };
  const name = `${slug} v${promptVersion.number} on ${dataset.name} v${datasetVersion}`;
  const properties = Object.entries({ evaluation: id, status, cost: cost.amount }).map(([property, value]) =>
    element('property', { name: property, value }),
  );
  const suite = element('testsuite', { name, ...counts, skipped: '0', timestamp: createdAt }, [
    element('properties', {}, properties),
    ...results.map((result) => toTestCase(slug, result)),
    ...stopped,
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'sluice eval', ...counts }, [suite])}\n`;
}

function toTestCase(
  slug: string,
  { caseId, case: one, passed, error, text, graded, latencyMs }: Result,
): string {
  const about = { classname: slug, name: one?.name ?? caseId, time: (latencyMs / 1_000).toFixed(3) };
  if (error !== null)
    return element('testcase', about, [element('error', { message: error, type: 'NO_ANSWER' })]);
  if (passed) return element('testcase', about);
  const reasons = graded
    .filter((each) => !each.passed)
    .map(({ grader, score, reason }) => `${grader} ${score.toFixed(2)}: ${reason}`);
  const failure = { message: reasons.join('; '), type: 'GRADED' };
  const told = [...reasons, '', text ?? ''].join('\n');
  return element('testcase', about, [element('failure', failure, [escape(told)])]);
}

/** @param content text that is escaped, and elements. */
function element(name: string, attributes: Record<string, string>, content: readonly string[] = []): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`);
  const start = `<${name}${given.join('')}`;
  return content.length === 0 ? `${start}/>` : `${start}>${content.join('\n')}</${name}>`;
}

function escape(text: string): string {
  return text
    .replaceAll(UNWRITABLE, '\uFFFD')
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!)
    .replaceAll('\r', '&#13;');
}

/** Readers make a blank of a line break that stands in an attribute as it is. */
function escapeAttribute(text: string): string {
  return escape(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
}
