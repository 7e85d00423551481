import { plan } from '../../../src/completion/plan.ts';
import type { Course } from '../../../src/completion/course.ts';
import { FALLBACK_REASONS, type TargetTimeouts } from '../../../src/domain/route.ts';
import type { TestOptions } from '../../support/gateway.ts';

/** The models that may answer, and how they are asked. */
export interface CourseSetting extends Partial<Omit<Course, 'targets' | 'fallbackOn'>> {
  models: { name: string; timeouts?: TargetTimeouts; retries?: number }[];
  fallbackOn?: Course['fallbackOn'];
}

/** Lets every ask for `from` take the course that is set, which a test may change at any time. */
export function takeCourse(from: string, setting: () => CourseSetting): Pick<TestOptions, 'chooseCourse'> {
  return {
    chooseCourse: (pricing, clock) => (grant) => {
      const { models, ...rest } =
        grant.ask.model === from ? setting() : { models: [{ name: grant.ask.model }] };
      const [first, ...others] = models.map(({ name, timeouts = {}, retries = 0 }) => ({
        planned: plan(grant, pricing, clock.now(), name),
        timeouts,
        retries,
      }));
      return {
        targets: [first!, ...others],
        onCut: 'FAIL',
        fallbackOn: new Set(FALLBACK_REASONS),
        repairs: 0,
        ...rest,
      };
    },
  };
}
