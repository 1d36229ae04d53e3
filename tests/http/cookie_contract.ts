/**
 * How Directus reads the Cookie header: the live server must see the same session, or none where
 * Directus sees none.
 *
 * @module
 */

/** A header, and the value of the session cookie in it. */
export interface CookieRow {
  /** What is special about the header. */
  readonly name: string;
  /** The header, given the sessions of two users. */
  readonly header: (ada: string, bob: string) => string;
  /** The value that is forwarded, not decoded; `undefined` if there is no session cookie. */
  readonly value: (ada: string, bob: string) => string | undefined;
}

/** Name of the session cookie. */
export const SESSION = "directus_session_token";

const ada = (value: string) => value;
const bob = (_: string, value: string) => value;
const none = () => undefined;
const escaped = (value: string) => `%${value.charCodeAt(0).toString(16)}${value.slice(1)}`;

/**
 * Headers, in which `{a}` and `{b}` stand for two users' session cookies, `{S}` for the cookie's name,
 * `{A}` for the first user's session, and `{E}` for the same with an escape.
 */
const rows: [name: string, header: string, value: CookieRow["value"]][] = [
  ["one cookie", "{a}", ada],
  ["the last of several", "x=1; y=2; {a}", ada],
  ["the first of several", "{a}; x=1; y=2", ada],
  ["two of one name", "{a}; {b}", ada],
  ["two of one name, the other way round", "{b}; {a}", bob],
  ["two of one name, apart", "{a}; x=1; {b}", ada],
  ["two of one name, the first empty", "{S}=; {a}", none],
  ["two of one name, the second empty", "{a}; {S}=", ada],
  ["two of one name, the first without =", "{S}; {a}", ada],
  ["two of one name, the first in quotes", '{S}="{A}"; {b}', (a) => `"${a}"`],
  ["a semicolon at the end", "{a};", ada],
  ["a semicolon and a space at the end", "{a}; ", ada],
  ["two semicolons at the end", "{a};;", ada],
  ["a semicolon at the start", ";{a}", ada],
  ["two semicolons in the middle", "x=1;; {a}", ada],
  ["semicolons and spaces only", "; ;; ;", none],
  ["a cookie without a name", "=x; {a}", ada],
  ["a cookie without a name at the end", "{a}; =x;", ada],
  ["a cookie of = only", "=; {a}", ada],
  ["a word without =", "x; {a}", ada],
  ["a word without = at the end", "{a}; x", ada],
  ["words without =", "x; y; z; {a}", ada],
  ["no space after the semicolon", "x=1;{a}", ada],
  ["several spaces after the semicolon", "x=1;    {a}", ada],
  ["a tab after the semicolon", "x=1;\t{a}", ada],
  ["spaces around the =", "{S} = {A} ; x=1", ada],
  ["a tab around the =", "{S}\t=\t{A}", ada],
  ["a value in quotes", '{S}="{A}"', (a) => `"${a}"`],
  ["a value with a quote at the start", '{S}="{A}', (a) => `"${a}`],
  ["a value with a quote at the end", '{S}={A}"', (a) => `${a}"`],
  ["a value in two pairs of quotes", '{S}=""{A}""', (a) => `""${a}""`],
  ["an empty value in quotes", '{S}=""', none],
  ["a value with = at the end", "{S}={A}=", (a) => `${a}=`],
  ["a value with a comma", "{S}={A},x", (a) => `${a},x`],
  ["a value with a space inside", "{S}={A} x", (a) => `${a} x`],
  ["a value whose first character is escaped", "{S}={E}", escaped],
  ["a value with an escape at the end", "{S}={A}%2e", (a) => `${a}%2e`],
  ["a value with a broken escape", "{S}={A}%zz", (a) => `${a}%zz`],
  ["a control character in the value", "{S}={A}%00", none],
  ["a name in another case", "DIRECTUS_SESSION_TOKEN={A}; {b}", bob],
  ["a name that only ends like it", "x{S}={A}; {b}", bob],
  ["a name that only begins like it", "{S}x={A}; {b}", bob],
  ["an escaped name", "directus%5fsession_token={A}; {b}", bob],
  ["a name in quotes", '"{S}"={A}; {b}', bob],
  ["names that objects have", "__proto__=x; constructor=y; toString; {a}", ada],
  ["an attribute of a Set-Cookie", "$Version=1; {a}; $Path=/", ada],
];

/** The headers, each also asked of a real Directus. */
export const cookieRows: readonly CookieRow[] = rows.map(([name, text, value]) => ({
  name,
  header: (ada, bob) =>
    text
      .replaceAll("{a}", `${SESSION}=${ada}`)
      .replaceAll("{b}", `${SESSION}=${bob}`)
      .replaceAll("{S}", SESSION)
      .replaceAll("{A}", ada)
      .replaceAll("{E}", escaped(ada)),
  value,
}));
