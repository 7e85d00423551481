import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { createPressure, type Pressure, type Readings } from './pressure.ts';
import { createGauge } from './readings.ts';

/**
 * Watches over this process.
 * @param limits where trouble begins.
 * @param options.readings tells how the process is doing instead of its own measuring.
 */
export function watchPressure(
  limits: Readings,
  options: {
    database: { ping(signal: AbortSignal): Promise<unknown> };
    clock: Pick<Clock, 'monotonicMs'>;
    logger: Logger;
    readings: (() => Readings) | undefined;
  },
): Pressure {
  const gauge = createGauge(options);
  const pressure = createPressure({
    read: options.readings ?? gauge.read,
    limits,
    onChange: (priority, refuses, readings) =>
      options.logger.warn(
        { priority, ...readings },
        refuses ? 'new work is refused' : 'new work is taken again',
      ),
  });
  return {
    ...pressure,
    stop() {
      pressure.stop();
      gauge.stop();
    },
  };
}
