/** What a filter is for. A text filter takes numbers and booleans too, as they are written. */
type Takes = 'TEXT' | 'NUMBER' | 'LIST' | 'ANY';
/** What comes out: something new, the same thing or a part of it, a member of a list, or a member of each of its members. */
type Gives = 'NEW' | 'SAME' | 'ITEM' | 'MEMBERS';
/** PROPERTY names a member of the members of a list. */
type Argument = 'TEXT' | 'NUMBER' | 'LIST' | 'PROPERTY' | 'ANY';

export interface FilterRule {
  takes: Takes;
  gives: Gives;
  args: readonly Argument[];
  /** How many of the arguments must be there. */
  needed: number;
  /** It looks for its first argument in its text. */
  searches: boolean;
}

function rule(takes: Takes, gives: Gives, args: readonly Argument[] = [], needed = args.length): FilterRule {
  return { takes, gives, args, needed, searches: false };
}

const text = (args: readonly Argument[] = [], needed?: number) => rule('TEXT', 'NEW', args, needed);
const number = (args: readonly Argument[] = [], needed?: number) => rule('NUMBER', 'NEW', args, needed);
const search = (count: number) => ({
  ...text(Array.from({ length: count }, () => 'TEXT' as const)),
  searches: true,
});

/**
 * Every filter that templates may use. Left out are those that run expressions given as text (`where_exp`), build lists
 * that hold themselves many times (`push`, `group_by`), draw by lot (`sample`), or serve HTML, URLs and files.
 */
export const FILTERS: ReadonlyMap<string, FilterRule> = new Map(
  Object.entries({
    append: text(['TEXT']),
    prepend: text(['TEXT']),
    upcase: text(),
    downcase: text(),
    capitalize: text(),
    strip: text(['TEXT'], 0),
    lstrip: text(['TEXT'], 0),
    rstrip: text(['TEXT'], 0),
    strip_newlines: text(),
    strip_html: text(),
    squish: text(),
    normalize_whitespace: text(),
    escape: text(),
    url_encode: text(),
    truncate: text(['NUMBER', 'TEXT'], 0),
    truncatewords: text(['NUMBER', 'TEXT'], 0),
    number_of_words: text(),
    replace: search(2),
    replace_first: search(2),
    replace_last: search(2),
    remove: search(1),
    remove_first: search(1),
    remove_last: search(1),
    split: search(1),
    // Of a text or of seconds since 1970, in UTC; `'now'` is the time of rendering.
    date: text(['TEXT', 'TEXT'], 0),

    abs: number(),
    ceil: number(),
    floor: number(),
    round: number(['NUMBER'], 0),
    plus: number(['NUMBER']),
    minus: number(['NUMBER']),
    times: number(['NUMBER']),
    divided_by: number(['NUMBER']),
    modulo: number(['NUMBER']),
    at_least: number(['NUMBER']),
    at_most: number(['NUMBER']),

    join: rule('LIST', 'NEW', ['TEXT'], 0),
    first: rule('LIST', 'ITEM'),
    last: rule('LIST', 'ITEM'),
    reverse: rule('LIST', 'SAME'),
    sort: rule('LIST', 'SAME', ['PROPERTY'], 0),
    sort_natural: rule('LIST', 'SAME', ['PROPERTY'], 0),
    uniq: rule('LIST', 'SAME'),
    compact: rule('LIST', 'SAME'),
    concat: rule('LIST', 'SAME', ['LIST']),
    where: rule('LIST', 'SAME', ['PROPERTY', 'ANY'], 1),
    reject: rule('LIST', 'SAME', ['PROPERTY', 'ANY'], 1),
    map: rule('LIST', 'MEMBERS', ['PROPERTY']),
    sum: rule('LIST', 'NEW', ['PROPERTY'], 0),

    size: rule('ANY', 'NEW'),
    slice: rule('ANY', 'SAME', ['NUMBER', 'NUMBER'], 1),
    default: rule('ANY', 'SAME', ['ANY']),
    json: rule('ANY', 'NEW', ['NUMBER'], 0),
  }),
);
