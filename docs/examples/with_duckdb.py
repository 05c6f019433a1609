"""Two tables out of the Parquet files of `scrapy export-data`, with DuckDB: with_duckdb.py OUT/"""

import sys

import duckdb

out = sys.argv[1].rstrip("/")

applications = f"""
SELECT report_year, SUM(applications) AS applications, SUM(with_applications) AS reports
FROM '{out}/sums.parquet'
WHERE counting = 'counted' AND report_year > 0
GROUP BY report_year
HAVING SUM(applications) IS NOT NULL
ORDER BY report_year
"""
sites = f"""
SELECT r.site_id_code, COUNT(*) AS reports, SUM(f.applications IS NOT NULL) AS with_applications
FROM '{out}/reports.parquet' r
JOIN read_parquet('{out}/figures/*/*.parquet', hive_partitioning = true) f ON f.report_id = r.id
WHERE r.site_id_code IS NOT NULL
GROUP BY r.site_id_code
ORDER BY r.site_id_code
"""

for query in (applications, sites):
    table = duckdb.sql(query)
    print(",".join(table.columns))
    for row in table.fetchall():
        print(*row, sep=",")
    print()
