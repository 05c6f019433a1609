-- What is added up and compared in reports.db, and by which rule. The reading room, the export and the JSON of both read this.
--
-- Sources named here: 条例 is the Regulation on the Disclosure of Government Information (State Council Order 711, 2019),
-- 格式 the form of annual reports (国办公开办函〔2021〕30号; for 2019 and 2020 国办公开办函〔2019〕60号), 统计表 the annex of
-- 2014 to 2018 (国办发〔2014〕32号). Tables are numbered as the form numbers its sections: three is 收到和处理政府信息公开申请情况.
--
-- The rule of counting. 条例 art. 49 has each department report on itself and each government on its whole area. So a
-- government's report counts its departments' figures once more, and a city's counts its districts':
-- 1. Of the reports on a whole area, one a place and year is counted: one that states figures before one that does not,
--    the government's before its office's, a verified one before others, then the newest. Of the reports of a body on
--    itself, one a year likewise. The others are there again (`again`), as a first edition beside its correction. A copy
--    (`same_as`) is in no row.
-- 2. Where the counted report on a whole area states the applications received or processed, the reports of its place's
--    bodies on themselves are within it (`within`); where it states neither, it stands apart, and they are counted.
-- 3. In sums over a wider place, everything below a place with such a report is within that.
-- 4. What is not known to be the one or the other stands apart (`apart`): scope unknown, place or year unknown, a zone's
--    report on its whole area (zones cross divisions), a town's on more than itself.
-- 5. Bodies under the ministries (taxes, customs) are taken for bodies of their place: nothing in the data tells how many
--    governments count them, and a sum that lacks them is better than one that has them twice.

-- Figures and rates of one report, over the columns of `figures`. Blank is not zero: a rate that lacks its numerator or its
-- denominator, or whose denominator is zero, is none. A sum has a rate only where the same reports state both its numbers.

-- figure: suits
-- 格式 table four, 行政诉讼: its total, else what is stated of suits without prior review and after one
CASE WHEN COALESCE(suits, suits_direct, suits_after_review) IS NOT NULL
    THEN COALESCE(suits, COALESCE(suits_direct, 0) + COALESCE(suits_after_review, 0)) END;

-- rate: grant_rate
-- 格式 table three, column 总计: rows 三（一）予以公开 and 三（二）部分公开, of 三（七）总计
granted + COALESCE(partially_granted, 0)
/ processed;

-- rate: denial_rate
-- rows 三（三）不予公开, of 三（七）总计
denied
/ processed;

-- rate: not_held_rate
-- row 三（四）1 本机关不掌握相关政府信息, 条例 art. 36 (4), of 三（七）总计
not_held
/ processed;

-- rate: screened_rate
-- rows 三（五）不予处理, of 三（七）总计
not_processed
/ processed;

-- rate: backlog_rate
-- row 四 结转下年度继续办理, of rows 一 本年新收 and 二 上年结转
carried_out
/ applications + COALESCE(carried_in, 0);

-- rate: organisation_rate
-- row 一 本年新收: 总计 without 自然人, of 总计
applications - applications_natural_person
/ applications;

-- rate: contested_rate
-- 格式 table four, 行政复议 总计 and 行政诉讼 总计, of table three, row 三（七）总计
reviews + COALESCE(suits, COALESCE(suits_direct, 0) + COALESCE(suits_after_review, 0))
/ processed;

-- rate: review_correction_rate
-- 格式 table four, 行政复议: 结果纠正, of 总计 without 尚未审结
reviews_corrected
/ reviews - COALESCE(reviews_pending, 0);

-- rate: suit_loss_rate
-- 格式 table four, 行政诉讼: 结果纠正, of 总计 without 尚未审结
CASE WHEN COALESCE(suits_direct_corrected, suits_after_review_corrected) IS NOT NULL
    THEN COALESCE(suits_direct_corrected, 0) + COALESCE(suits_after_review_corrected, 0) END
/ COALESCE(suits, COALESCE(suits_direct, 0) + COALESCE(suits_after_review, 0))
    - COALESCE(suits_direct_pending, 0) - COALESCE(suits_after_review_pending, 0);

-- view: repeated_reports
-- The reports of bodies that have several of one year.
SELECT
    f.*,
    ROW_NUMBER() OVER (
        PARTITION BY s.agency_id, s.report_year, f.report_scope
        ORDER BY
            COALESCE(f.applications, f.processed) IS NULL,
            f.table_three <> 'verified',
            f.published DESC,
            f.report_id
    ) > 1 AS repeats_scope,
    ROW_NUMBER() OVER (
        PARTITION BY s.agency_id, s.report_year
        ORDER BY
            COALESCE(f.applications, f.processed) IS NULL,
            f.table_three <> 'verified',
            f.published DESC,
            f.report_id
    ) > 1 AS repeats_body
FROM several_reports s
CROSS JOIN figures f  -- in this order: several are few
WHERE f.agency_id = s.agency_id AND f.report_year = s.report_year AND f.same_as IS NULL;

-- view: further_reports
-- Reports that add no body to those in hand of their year: further ones of a body, and those whose body is not known.
SELECT
    report_year,
    COALESCE(division_code, '') AS division_code,
    COALESCE(level, '') AS level,
    COALESCE(body_kind, '') AS body_kind
FROM repeated_reports
WHERE repeats_body
UNION ALL
SELECT
    COALESCE(report_year, 0),
    COALESCE(division_code, ''),
    COALESCE(level, ''),
    COALESCE(body_kind, '')
FROM figures
WHERE agency_id IS NULL AND same_as IS NULL;

-- view: whole_areas
-- Totals of reports on the whole area of a place that has a code: nearly always of one report.
SELECT
    *,
    with_applications > 0 OR with_processed > 0 AS states_figures
FROM totals
WHERE report_scope = 'whole_area'
    AND body_kind <> 'functional_zone_committee'
    AND level <> 'township'
    AND division_code <> ''
    AND report_year <> 0;

-- view: sums
-- `counting` is the rule for sums over all of China; the columns `within_…` give it for sums over one place and for one
-- level, as archive/sums.py asks for them, with `set_aside`, which is the same for all.
WITH
    several_areas AS (
        SELECT report_year, division_code
        FROM whole_areas
        GROUP BY report_year, division_code
        HAVING SUM(reports) > 1
    ),
    lined_up AS (
        SELECT
            *,
            ROW_NUMBER() OVER (
                PARTITION BY report_year, division_code
                ORDER BY
                    COALESCE(applications, processed) IS NULL,
                    CASE body_kind WHEN 'government' THEN 0 WHEN 'general_office' THEN 1 ELSE 2 END,
                    table_three <> 'verified',
                    published DESC,
                    report_id
            ) AS place_in_line
        FROM several_areas
        CROSS JOIN figures USING (report_year, division_code)
        WHERE report_scope = 'whole_area' AND same_as IS NULL
            AND body_kind IS NOT 'functional_zone_committee' AND level IS NOT 'township'
    ),
    again AS (
        SELECT
            *,
            CAST(COALESCE(division_code, '') AS TEXT) AS code,
            CAST(COALESCE(level, '') AS TEXT) AS body_level,
            CAST(COALESCE(body_kind, '') AS TEXT) AS kind,
            CAST(COALESCE(report_scope, '') AS TEXT) AS scope
        FROM repeated_reports
        WHERE repeats_scope
    ),
    again_totals AS (
        SELECT
            report_year,
            code AS division_code,
            body_level AS level,
            kind AS body_kind,
            scope AS report_scope,
            COUNT(*) AS reports,
            SUM(table_three = 'verified') AS verified_three,
            SUM(table_four = 'verified') AS verified_four,
            SUM(applications) AS applications, COUNT(applications) AS with_applications,
            SUM(applications_natural_person) AS applications_natural_person, COUNT(applications_natural_person) AS with_applications_natural_person,
            SUM(carried_in) AS carried_in, COUNT(carried_in) AS with_carried_in,
            SUM(processed) AS processed, COUNT(processed) AS with_processed,
            SUM(granted) AS granted, COUNT(granted) AS with_granted,
            SUM(partially_granted) AS partially_granted, COUNT(partially_granted) AS with_partially_granted,
            SUM(denied) AS denied, COUNT(denied) AS with_denied,
            SUM(not_provided) AS not_provided, COUNT(not_provided) AS with_not_provided,
            SUM(not_processed) AS not_processed, COUNT(not_processed) AS with_not_processed,
            SUM(other) AS other, COUNT(other) AS with_other,
            SUM(carried_out) AS carried_out, COUNT(carried_out) AS with_carried_out,
            SUM(reviews) AS reviews, COUNT(reviews) AS with_reviews,
            SUM(reviews_corrected) AS reviews_corrected, COUNT(reviews_corrected) AS with_reviews_corrected,
            SUM(suits_direct) AS suits_direct, COUNT(suits_direct) AS with_suits_direct,
            SUM(suits_after_review) AS suits_after_review, COUNT(suits_after_review) AS with_suits_after_review,
            SUM(suits) AS suits, COUNT(suits) AS with_suits
        FROM again
        GROUP BY 1, 2, 3, 4, 5
    ),
    parts AS (
        -- Where a body has several reports of a year, its further ones are taken out here, and follow below.
        SELECT
            t.report_year,
            t.province,
            t.division_code,
            t.level,
            t.body_kind,
            t.report_scope,
            CASE WHEN t.report_scope <> 'body_only' OR t.division_code = '' OR t.report_year = 0 THEN 'apart' END AS set_aside,
            t.reports - COALESCE(a.reports, 0) AS reports,
            t.verified_three - COALESCE(a.verified_three, 0) AS verified_three,
            t.verified_four - COALESCE(a.verified_four, 0) AS verified_four,
            -- Blank is not zero: a sum that no report states is null. Column 总计 unless said.
            -- 格式 table three, row 一 本年新收政府信息公开申请数量, 条例 art. 27; 统计表 row 三（一）收到申请数
            CASE WHEN t.with_applications > COALESCE(a.with_applications, 0) THEN t.applications - COALESCE(a.applications, 0) END AS applications,
            -- row 一, column 自然人
            CASE WHEN t.with_applications_natural_person > COALESCE(a.with_applications_natural_person, 0) THEN t.applications_natural_person - COALESCE(a.applications_natural_person, 0) END AS applications_natural_person,
            -- row 二 上年结转政府信息公开申请数量
            CASE WHEN t.with_carried_in > COALESCE(a.with_carried_in, 0) THEN t.carried_in - COALESCE(a.carried_in, 0) END AS carried_in,
            -- row 三（七）总计; 统计表 row 三（二）申请办结数
            CASE WHEN t.with_processed > COALESCE(a.with_processed, 0) THEN t.processed - COALESCE(a.processed, 0) END AS processed,
            -- row 三（一）予以公开, 条例 art. 36 (1) and (2); 统计表 row 三（三）2 同意公开答复数
            CASE WHEN t.with_granted > COALESCE(a.with_granted, 0) THEN t.granted - COALESCE(a.granted, 0) END AS granted,
            -- row 三（二）部分公开, 条例 art. 37; 统计表 row 三（三）3 同意部分公开答复数
            CASE WHEN t.with_partially_granted > COALESCE(a.with_partially_granted, 0) THEN t.partially_granted - COALESCE(a.partially_granted, 0) END AS partially_granted,
            -- rows 三（三）1 to 8 不予公开, 条例 arts. 14 to 16 and 36 (3) and (7); 统计表 row 三（三）4 不同意公开答复数
            CASE WHEN t.with_denied > COALESCE(a.with_denied, 0) THEN t.denied - COALESCE(a.denied, 0) END AS denied,
            -- rows 三（四）1 to 3 无法提供, 条例 arts. 36 (4) and (5) and 38
            CASE WHEN t.with_not_provided > COALESCE(a.with_not_provided, 0) THEN t.not_provided - COALESCE(a.not_provided, 0) END AS not_provided,
            -- rows 三（五）1 to 5 不予处理, 条例 arts. 35, 36 (6) and 39
            CASE WHEN t.with_not_processed > COALESCE(a.with_not_processed, 0) THEN t.not_processed - COALESCE(a.not_processed, 0) END AS not_processed,
            -- rows 三（六）其他处理: one row in 2019 and 2020, three from 2021 on
            CASE WHEN t.with_other > COALESCE(a.with_other, 0) THEN t.other - COALESCE(a.other, 0) END AS other,
            -- row 四 结转下年度继续办理
            CASE WHEN t.with_carried_out > COALESCE(a.with_carried_out, 0) THEN t.carried_out - COALESCE(a.carried_out, 0) END AS carried_out,
            -- 格式 table four, 行政复议 总计, 条例 art. 51; 统计表 row 四 行政复议数量
            CASE WHEN t.with_reviews > COALESCE(a.with_reviews, 0) THEN t.reviews - COALESCE(a.reviews, 0) END AS reviews,
            -- table four, 行政复议 结果纠正; 统计表 row 四（二）被依法纠错数
            CASE WHEN t.with_reviews_corrected > COALESCE(a.with_reviews_corrected, 0) THEN t.reviews_corrected - COALESCE(a.reviews_corrected, 0) END AS reviews_corrected,
            -- table four, 行政诉讼 未经复议直接起诉 总计, 条例 art. 51
            CASE WHEN t.with_suits_direct > COALESCE(a.with_suits_direct, 0) THEN t.suits_direct - COALESCE(a.suits_direct, 0) END AS suits_direct,
            -- table four, 行政诉讼 复议后起诉 总计
            CASE WHEN t.with_suits_after_review > COALESCE(a.with_suits_after_review, 0) THEN t.suits_after_review - COALESCE(a.suits_after_review, 0) END AS suits_after_review,
            -- table four, the two before added up
            CASE WHEN t.with_suits > COALESCE(a.with_suits, 0) THEN t.suits - COALESCE(a.suits, 0) END AS suits,
            t.with_applications - COALESCE(a.with_applications, 0) AS with_applications,
            t.with_applications_natural_person - COALESCE(a.with_applications_natural_person, 0) AS with_applications_natural_person,
            t.with_carried_in - COALESCE(a.with_carried_in, 0) AS with_carried_in,
            t.with_processed - COALESCE(a.with_processed, 0) AS with_processed,
            t.with_granted - COALESCE(a.with_granted, 0) AS with_granted,
            t.with_partially_granted - COALESCE(a.with_partially_granted, 0) AS with_partially_granted,
            t.with_denied - COALESCE(a.with_denied, 0) AS with_denied,
            t.with_not_provided - COALESCE(a.with_not_provided, 0) AS with_not_provided,
            t.with_not_processed - COALESCE(a.with_not_processed, 0) AS with_not_processed,
            t.with_other - COALESCE(a.with_other, 0) AS with_other,
            t.with_carried_out - COALESCE(a.with_carried_out, 0) AS with_carried_out,
            t.with_reviews - COALESCE(a.with_reviews, 0) AS with_reviews,
            t.with_reviews_corrected - COALESCE(a.with_reviews_corrected, 0) AS with_reviews_corrected,
            t.with_suits_direct - COALESCE(a.with_suits_direct, 0) AS with_suits_direct,
            t.with_suits_after_review - COALESCE(a.with_suits_after_review, 0) AS with_suits_after_review,
            t.with_suits - COALESCE(a.with_suits, 0) AS with_suits
        FROM totals t
        LEFT JOIN again_totals a USING (report_year, division_code, level, body_kind, report_scope)
        WHERE t.reports > COALESCE(a.reports, 0)
            AND NOT (t.report_scope = 'whole_area' AND t.body_kind <> 'functional_zone_committee' AND t.level <> 'township'
                AND t.division_code <> '' AND t.report_year <> 0)
        UNION ALL
        SELECT
            report_year,
            COALESCE(province, ''),
            code,
            body_level,
            kind,
            scope,
            'again',
            1,
            table_three = 'verified',
            table_four = 'verified',
            applications,
            applications_natural_person,
            carried_in,
            processed,
            granted,
            partially_granted,
            denied,
            not_provided,
            not_processed,
            other,
            carried_out,
            reviews,
            reviews_corrected,
            suits_direct,
            suits_after_review,
            suits,
            applications IS NOT NULL,
            applications_natural_person IS NOT NULL,
            carried_in IS NOT NULL,
            processed IS NOT NULL,
            granted IS NOT NULL,
            partially_granted IS NOT NULL,
            denied IS NOT NULL,
            not_provided IS NOT NULL,
            not_processed IS NOT NULL,
            other IS NOT NULL,
            carried_out IS NOT NULL,
            reviews IS NOT NULL,
            reviews_corrected IS NOT NULL,
            suits_direct IS NOT NULL,
            suits_after_review IS NOT NULL,
            suits IS NOT NULL
        FROM again
        WHERE NOT (scope = 'whole_area' AND kind <> 'functional_zone_committee' AND body_level <> 'township' AND code <> '')
        UNION ALL
        -- Reports on whole areas, one in nearly every place and year.
        SELECT
            report_year,
            province,
            division_code,
            level,
            body_kind,
            report_scope,
            CASE WHEN NOT states_figures THEN 'apart' END,
            reports,
            verified_three,
            verified_four,
            CASE WHEN with_applications THEN applications END,
            CASE WHEN with_applications_natural_person THEN applications_natural_person END,
            CASE WHEN with_carried_in THEN carried_in END,
            CASE WHEN with_processed THEN processed END,
            CASE WHEN with_granted THEN granted END,
            CASE WHEN with_partially_granted THEN partially_granted END,
            CASE WHEN with_denied THEN denied END,
            CASE WHEN with_not_provided THEN not_provided END,
            CASE WHEN with_not_processed THEN not_processed END,
            CASE WHEN with_other THEN other END,
            CASE WHEN with_carried_out THEN carried_out END,
            CASE WHEN with_reviews THEN reviews END,
            CASE WHEN with_reviews_corrected THEN reviews_corrected END,
            CASE WHEN with_suits_direct THEN suits_direct END,
            CASE WHEN with_suits_after_review THEN suits_after_review END,
            CASE WHEN with_suits THEN suits END,
            with_applications,
            with_applications_natural_person,
            with_carried_in,
            with_processed,
            with_granted,
            with_partially_granted,
            with_denied,
            with_not_provided,
            with_not_processed,
            with_other,
            with_carried_out,
            with_reviews,
            with_reviews_corrected,
            with_suits_direct,
            with_suits_after_review,
            with_suits
        FROM whole_areas
        WHERE (report_year, division_code) NOT IN several_areas
        UNION ALL
        SELECT
            report_year,
            province,
            division_code,
            COALESCE(level, ''),
            COALESCE(body_kind, ''),
            report_scope,
            CASE WHEN place_in_line > 1 THEN 'again' WHEN COALESCE(applications, processed) IS NULL THEN 'apart' END,
            1,
            table_three = 'verified',
            table_four = 'verified',
            applications,
            applications_natural_person,
            carried_in,
            processed,
            granted,
            partially_granted,
            denied,
            not_provided,
            not_processed,
            other,
            carried_out,
            reviews,
            reviews_corrected,
            suits_direct,
            suits_after_review,
            suits,
            applications IS NOT NULL,
            applications_natural_person IS NOT NULL,
            carried_in IS NOT NULL,
            processed IS NOT NULL,
            granted IS NOT NULL,
            partially_granted IS NOT NULL,
            denied IS NOT NULL,
            not_provided IS NOT NULL,
            not_processed IS NOT NULL,
            other IS NOT NULL,
            carried_out IS NOT NULL,
            reviews IS NOT NULL,
            reviews_corrected IS NOT NULL,
            suits_direct IS NOT NULL,
            suits_after_review IS NOT NULL,
            suits IS NOT NULL
        FROM lined_up
    ),
    placed AS (
        SELECT
            p.*,
            set_aside IS NULL AND report_scope = 'body_only' AND EXISTS (
                SELECT 1 FROM whole_areas w
                WHERE w.report_year = p.report_year AND w.division_code = p.division_code AND w.states_figures
            ) AS within_place,
            set_aside IS NULL AND substr(division_code, 5) <> '00' AND EXISTS (
                SELECT 1 FROM whole_areas w
                WHERE w.report_year = p.report_year AND w.division_code = substr(p.division_code, 1, 4) || '00' AND w.states_figures
            ) AS within_prefecture,
            set_aside IS NULL AND substr(division_code, 3) <> '0000' AND EXISTS (
                SELECT 1 FROM whole_areas w
                WHERE w.report_year = p.report_year AND w.division_code = p.province AND w.states_figures
            ) AS within_province
        FROM parts p
    )
SELECT
    report_year,
    -- The first year of a national form: figures of the years before were counted by other rows.
    CASE report_year WHEN 2019 THEN 'cn-2019' WHEN 2021 THEN 'cn-2021' END AS new_form,
    province,
    division_code,
    level,
    body_kind,
    report_scope,
    COALESCE(
        set_aside,
        CASE WHEN within_place OR within_prefecture OR within_province THEN 'within' ELSE 'counted' END
    ) AS counting,
    set_aside,
    within_place,
    within_prefecture,
    within_province,
    reports,
    verified_three,
    verified_four,
    applications,
    applications_natural_person,
    carried_in,
    processed,
    granted,
    partially_granted,
    denied,
    not_provided,
    not_processed,
    other,
    carried_out,
    reviews,
    reviews_corrected,
    suits_direct,
    suits_after_review,
    suits,
    with_applications,
    with_applications_natural_person,
    with_carried_in,
    with_processed,
    with_granted,
    with_partially_granted,
    with_denied,
    with_not_provided,
    with_not_processed,
    with_other,
    with_carried_out,
    with_reviews,
    with_reviews_corrected,
    with_suits_direct,
    with_suits_after_review,
    with_suits
FROM placed;
