"""How listings are walked, by content management system. How pages are read is no concern here: see pipelines/.

| module | holds |
|---|---|
| site | the facts of a portal and what follows from them: hosts, document keys; no Scrapy |
| listing_reader | what a platform overrides: `entries`, `next_pages`, `total`, each over one response |
| portal | the crawl: listings, documents, problems; the base class of all platforms |
| walk | how far a listing was walked, and what is wrong with the walk |
| listing, rows, anchors | what pages of listings share: totals and records, rows of a link and a date, links |
| script_calls | objects that a page's scripts pass to functions: what they send to a service |
| column_names | what columns of annual reports on disclosure are called |
| json_pages | the base of platforms whose listings go on as JSON |
| hanweb_lists | Hanweb's services, asked as its pages ask them |
| nfcms, gkmlpt, trs, trs_fujian, hanweb, ucap, epoint, beijing | a platform each |
| links | any other system |

A platform is one class on `Portal`, in a module that may import those in the upper half of this table. To add one, see
"A new platform" in docs/portals.md.
"""
