import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import type { Plugin } from 'graphql-yoga';

const OPENS: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSES: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Refuses a text whose brackets are nested deeper than `most`. The parser takes a place on the stack for each level, and
 * would overflow it before any other rule could look; reading token after token cannot.
 * @param operationTokens are looked at; whoever sends more is refused for that.
 */
export function useNestingLimit(most: number, operationTokens: number): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source: string | Source, options: unknown) => {
        if (isNestedDeeper(source, most, operationTokens)) throw tooDeep(most);
        return (parseFn as (...given: unknown[]) => unknown)(source, options);
      });
    },
  };
}

function isNestedDeeper(source: string | Source, most: number, tokens: number): boolean {
  const lexer = new Lexer(typeof source === 'string' ? new Source(source) : source);
  let levels = 0;
  let left = tokens;
  try {
    for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) {
      if (OPENS.has(kind)) levels += 1;
      else if (CLOSES.has(kind)) levels -= 1;
      if (levels > most) return true;
      if ((left -= 1) < 0) return false;
    }
  } catch {
    // The parser says what is wrong with the text, and ends where this does.
  }
  return false;
}

function tooDeep(most: number): GraphQLError {
  return new GraphQLError(`brackets may be nested ${most} levels deep at most`, {
    extensions: { code: 'QUERY_TOO_DEEP', http: { spec: true, status: 400 } },
  });
}
