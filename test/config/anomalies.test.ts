import { describe, expect, it } from 'vitest';
import { useConfigDirectory } from './config-directory.ts';

const { load, problemsOf } = useConfigDirectory();

describe('anomalies', () => {
  it('are looked for unless said otherwise, and nothing is braked', () => {
    expect(load({}, '').anomalies).toEqual({
      enabled: true,
      sensitivity: 8,
      brake: 'none',
      brakeMinutes: 60,
      minimumNanos: 1_000_000_000n,
    });
  });

  it('can be set one by one', () => {
    const yaml =
      'anomalies: { enabled: false, sensitivity: 3.5, brake: block, brakeMinutes: 5, minimumUsd: "0.25" }';
    expect(load({}, yaml).anomalies).toEqual({
      enabled: false,
      sensitivity: 3.5,
      brake: 'block',
      brakeMinutes: 5,
      minimumNanos: 250_000_000n,
    });
    expect(load({}, 'anomalies: { minimumUsd: 20 }').anomalies.minimumNanos).toBe(20_000_000_000n);
  });

  it.each([
    ['enabled: 1', 'anomalies.enabled must be true or false'],
    ['sensitivity: 0.5', 'anomalies.sensitivity is 0.5; it must be a number from 1 to 100'],
    ['sensitivity: 101', 'anomalies.sensitivity is 101; it must be a number from 1 to 100'],
    ['sensitivity: high', 'anomalies.sensitivity is "high"; it must be a number from 1 to 100'],
    ['sensitivity: .nan', 'anomalies.sensitivity is null; it must be a number from 1 to 100'],
    ['brake: stop', 'anomalies.brake is "stop"; it must be one of none, block, warn'],
    ['brakeMinutes: 0', 'anomalies.brakeMinutes is 0; it must be a whole number from 1 to 10080'],
    ['brakeMinutes: 1.5', 'anomalies.brakeMinutes is 1.5; it must be a whole number from 1 to 10080'],
    ['minimumUsd: "0"', 'anomalies.minimumUsd is "0"; it must be USD, more than 0, such as "1"'],
    ['minimumUsd: -1', 'anomalies.minimumUsd is -1; it must be USD, more than 0'],
    ['minimumUsd: "a lot"', 'anomalies.minimumUsd is "a lot"; it must be USD, more than 0'],
    ['minimumUsd: true', 'anomalies.minimumUsd must be USD, more than 0'],
    ['sensitvity: 3', 'anomalies.sensitvity is not known; known here: enabled, sensitivity, brake'],
  ])('%s is refused', (member, problem) => {
    expect(problemsOf({}, `anomalies: { ${member} }\n`)).toEqual([expect.stringContaining(problem)]);
  });
});
