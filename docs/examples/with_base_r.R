# Two tables out of the CSV files of `scrapy export-data`, with R alone: Rscript with_base_r.R OUT/

out <- commandArgs(trailingOnly = TRUE)[1]

# Some columns of a table. Codes are read as text, or they lose their leading zeros; empty cells are missing.
read <- function(name, columns) {
  path <- file.path(out, paste0(name, ".csv"))
  header <- names(read.csv(path, nrows = 1, encoding = "UTF-8", check.names = FALSE))
  classes <- setNames(rep("NULL", length(header)), header)
  classes[names(columns)] <- columns
  read.csv(path, colClasses = classes, na.strings = "", encoding = "UTF-8")
}

sums <- read("sums", c(report_year = "integer", counting = "character", applications = "numeric", with_applications = "integer"))
counted <- sums[sums$counting == "counted" & sums$report_year > 0 & sums$with_applications > 0, ]
applications <- aggregate(cbind(applications, reports = with_applications) ~ report_year, counted, sum)
write.csv(applications, row.names = FALSE, quote = FALSE)
cat("\n")

reports <- merge(
  read("reports", c(id = "character", site_id_code = "character")),
  read("figures", c(report_id = "character", applications = "numeric")),
  by.x = "id", by.y = "report_id"
)
reports <- reports[!is.na(reports$site_id_code), ]
reports$with_applications <- !is.na(reports$applications)
reports$reports <- 1
sites <- aggregate(cbind(reports, with_applications) ~ site_id_code, reports, sum)
write.csv(sites, row.names = FALSE, quote = FALSE)
cat("\n")
