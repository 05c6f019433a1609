-- What is added up in reports.db, and by which rule. The reading room, the export and the JSON of both read these views.
--
-- Sources named here: 条例 is the Regulation on the Disclosure of Government Information (State Council Order 711, 2019),
-- 格式 the form of annual reports (国办公开办函〔2021〕30号; for 2019 and 2020 国办公开办函〔2019〕60号), 统计表 the annex of
-- 2014 to 2018 (国办发〔2014〕32号). Tables are numbered as the form numbers its sections: three is 收到和处理政府信息公开申请情况.
--
-- The rule of counting. 条例 art. 49 has each department report on itself and each government on its whole area. So
-- a government's report counts its departments' figures once more, and a city's may count its districts':
-- 1. Of the reports on a whole area, one a place and year is taken: the government's before its office's, a verified one
--    before others, then the newest. It must state the applications received or processed; one that states neither
--    stands apart.
-- 2. Where a place has one, the reports of its bodies on themselves are within it and are not added to it.
-- 3. Where a wider place has one, everything in the places below is within that, for sums over the wider place.
-- 4. What is not known to be the one or the other stands apart: scope unknown, place or year unknown, a zone's report on
--    its whole area (zones cross divisions), a town's on more than itself.
-- 5. A copy (same_as) counts nowhere.

-- view: whole_area_reports
-- Reports on the whole area of a place that has a code.
SELECT
    *,
    COALESCE(applications, processed) IS NOT NULL AS states_figures
FROM figures
WHERE report_scope = 'whole_area'
    AND same_as IS NULL
    AND body_kind IS NOT 'functional_zone_committee'
    AND level IS NOT 'township'
    AND division_code IS NOT NULL
    AND report_year IS NOT NULL;

-- view: sums
-- One row for each report on a whole area, and one for all others of a year, place, level, kind and scope.
-- `counting` is the rule for sums over all of China; the columns `within_…` give it for sums over one place and for one
-- level, as archive/sums.py asks for them.
WITH whole_area AS (
    SELECT
        *,
        ROW_NUMBER() OVER (
            PARTITION BY report_year, division_code
            ORDER BY
                states_figures DESC,
                CASE body_kind WHEN 'government' THEN 0 WHEN 'general_office' THEN 1 ELSE 2 END,
                table_three <> 'verified',
                published DESC,
                report_id
        ) AS place_in_line
    FROM whole_area_reports
),
parts AS (
SELECT
    report_year,
    province,
    division_code,
    COALESCE(level, '') AS level,
    COALESCE(body_kind, '') AS body_kind,
    report_scope,
    NOT states_figures AND place_in_line = 1 AS is_apart,
    place_in_line > 1 AS is_second,
    1 AS reports,
    table_three = 'verified' AS verified_three,
    table_four = 'verified' AS verified_four,
    -- Blank is not zero: a sum that no report states is null. Column 总计 unless said.
    -- 格式 table three, row 一 本年新收政府信息公开申请数量, 条例 art. 27; 统计表 row 三（一）收到申请数
    applications,
    -- row 一, column 自然人
    applications_natural_person,
    -- row 二 上年结转政府信息公开申请数量
    carried_in,
    -- row 三（七）总计; 统计表 row 三（二）申请办结数
    processed,
    -- row 三（一）予以公开, 条例 art. 36 (1) and (2); 统计表 row 三（三）2 同意公开答复数
    granted,
    -- row 三（二）部分公开, 条例 art. 37; 统计表 row 三（三）3 同意部分公开答复数
    partially_granted,
    -- rows 三（三）1 to 8 不予公开, 条例 arts. 14 to 16 and 36 (3) and (7); 统计表 row 三（三）4 不同意公开答复数
    denied,
    -- rows 三（四）1 to 3 无法提供, 条例 arts. 36 (4) and (5) and 38
    not_provided,
    -- rows 三（五）1 to 5 不予处理, 条例 arts. 35, 36 (6) and 39
    not_processed,
    -- rows 三（六）其他处理: one row in 2019 and 2020, three from 2021 on
    other,
    -- row 四 结转下年度继续办理
    carried_out,
    -- 格式 table four, 行政复议 总计, 条例 art. 51; 统计表 row 四 行政复议数量
    reviews,
    -- table four, 行政复议 结果纠正; 统计表 row 四（二）被依法纠错数
    reviews_corrected,
    -- table four, 行政诉讼 未经复议直接起诉 总计, 条例 art. 51
    suits_direct,
    -- table four, 行政诉讼 复议后起诉 总计
    suits_after_review,
    -- table four, the two before added up
    suits,
    applications IS NOT NULL AS with_applications,
    applications_natural_person IS NOT NULL AS with_applications_natural_person,
    carried_in IS NOT NULL AS with_carried_in,
    processed IS NOT NULL AS with_processed,
    granted IS NOT NULL AS with_granted,
    partially_granted IS NOT NULL AS with_partially_granted,
    denied IS NOT NULL AS with_denied,
    not_provided IS NOT NULL AS with_not_provided,
    not_processed IS NOT NULL AS with_not_processed,
    other IS NOT NULL AS with_other,
    carried_out IS NOT NULL AS with_carried_out,
    reviews IS NOT NULL AS with_reviews,
    reviews_corrected IS NOT NULL AS with_reviews_corrected,
    suits_direct IS NOT NULL AS with_suits_direct,
    suits_after_review IS NOT NULL AS with_suits_after_review,
    suits IS NOT NULL AS with_suits
FROM whole_area
UNION ALL
SELECT
    report_year,
    province,
    division_code,
    level,
    body_kind,
    report_scope,
    report_scope <> 'body_only' OR division_code = '' OR report_year = 0,
    0,
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
FROM totals
WHERE report_scope <> 'whole_area' OR body_kind = 'functional_zone_committee' OR level = 'township'
    OR division_code = '' OR report_year = 0
),
placed AS (
SELECT
    p.*,
    is_second OR (report_scope = 'body_only' AND EXISTS (
        SELECT 1 FROM whole_area_reports w
        WHERE w.report_year = p.report_year AND w.division_code = p.division_code AND w.states_figures
    )) AS within_place,
    substr(division_code, 5) <> '00' AND EXISTS (
        SELECT 1 FROM whole_area_reports w
        WHERE w.report_year = p.report_year AND w.division_code = substr(p.division_code, 1, 4) || '00' AND w.states_figures
    ) AS within_prefecture,
    substr(division_code, 3) <> '0000' AND EXISTS (
        SELECT 1 FROM whole_area_reports w
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
    CASE
        WHEN is_apart THEN 'apart'
        WHEN within_place OR within_prefecture OR within_province THEN 'within'
        ELSE 'counted'
    END AS counting,
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
