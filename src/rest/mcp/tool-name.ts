/** Models know names of functions in this form best: `summarize-ticket` gives `summarize_ticket`. */
export function toolNameOf(slug: string): string {
  return slug.replaceAll('-', '_');
}
