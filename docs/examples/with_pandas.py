"""Two tables out of the CSV files of `scrapy export-data`, with pandas: with_pandas.py OUT/"""

import json
import sys
from pathlib import Path

import pandas as pd

out = Path(sys.argv[1])
package = json.loads((out / "datapackage.json").read_text(encoding="utf-8"))
PANDAS = {"string": "string", "integer": "Int64", "number": "Float64", "date": "string", "datetime": "string"}


def table(name: str, columns: list[str]) -> pd.DataFrame:
    """Some columns of a table, with the types that the package gives them: codes stay text, counts whole or empty."""
    (resource,) = (one for one in package["resources"] if one["name"] == name)
    types = {field["name"]: PANDAS[field["type"]] for field in resource["schema"]["fields"]}
    return pd.read_csv(
        out / resource["path"],
        usecols=columns,
        dtype={column: types[column] for column in columns},
        keep_default_na=False,
        na_values=[""],
    )


sums = table("sums", ["report_year", "counting", "applications", "with_applications"])
counted = sums[(sums.counting == "counted") & (sums.report_year > 0)].groupby("report_year")
applications = counted.agg(
    applications=("applications", lambda values: values.sum(min_count=1)), reports=("with_applications", "sum")
)
print(applications.dropna().to_csv())

reports = table("reports", ["id", "site_id_code"]).merge(
    table("figures", ["report_id", "applications"]), left_on="id", right_on="report_id"
)
sites = reports.groupby("site_id_code").agg(reports=("id", "count"), with_applications=("applications", "count"))
print(sites.to_csv())
