import { describe, expect, it } from 'vitest';
import { checkSample, compile } from './support/compile.ts';

describe('the types of the client', () => {
  it('take a good frontend', async () => {
    expect(await checkSample('frontend.ts')).toEqual({ code: 0, output: '' });
  });

  it('refuse what is misspelt, by its name', async () => {
    const { code, output } = await checkSample('misspelt.ts');
    expect(code).not.toBe(0);
    const complaints = output.split('\n').filter((line) => line.includes('error TS'));
    const mistakes = ['txet', 'modle', 'temprature', 'frist', 'nmae', 'StreamOptions | undefined', 'text'];
    expect(complaints).toEqual(mistakes.map((mistake) => expect.stringContaining(`'${mistake}'`)));
  });

  it('use nothing that only Node has, or that browsers do not have yet', async () => {
    expect(await compile('-p', 'src/client', '--noEmit')).toEqual({ code: 0, output: '' });
  });
});
