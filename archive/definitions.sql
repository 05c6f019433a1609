-- What is added up and compared in reports.db, and by which rule. The reading room, the export and the JSON of both read this.
--
-- Sources named here: 条例 is the Regulation on the Disclosure of Government Information (State Council Order 711, 2019),
-- 格式 the form of annual reports (国办公开办函〔2021〕30号; for 2019 and 2020 国办公开办函〔2019〕60号), 统计表 the annex of
-- 2014 to 2018 (国办发〔2014〕32号). Tables are numbered as the form numbers its sections: three is 收到和处理政府信息公开申请情况.
-- The sources of figures and rates are in the words of these documents, which the codebook shows.
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
-- 6. A town, which has no code, is added up by itself: its report on its whole area, or else its bodies' own. In sums of its
--    county and of wider places its bodies are bodies of the county.
--
-- The rule of coverage. A body is known where a report of it of any year is here, or where a portal lists it: in the title of
-- an entry that gave no report, or by the portal's own name. Of these, those are in hand of a year that have a report of it.
-- One whose successor is known counts with that: in hand is a body of which, or of whose predecessors, there is a report of
-- the year. Where no body is known there is no share.

-- A line with the word @figure stands for as many lines as there are key figures, each with the name of one in its place; so do
-- @derived and @rate, with what the derived figures and the rates below are, @summed, with the names of rates that sums have,
-- and @stated, with whether a report states all that such a rate is made of.

-- The key figures: columns of `figures`, in column 总计 unless said. Blank is not zero: a sum that no report states is null.

-- key figure: applications
-- 格式第三部分，一、本年新收政府信息公开申请数量；条例第二十七条；统计表三（一）收到申请数

-- key figure: applications_natural_person
-- 格式第三部分，一、本年新收政府信息公开申请数量，自然人一列

-- key figure: carried_in
-- 格式第三部分，二、上年结转政府信息公开申请数量

-- key figure: processed
-- 格式第三部分，三（七）总计；统计表三（二）申请办结数

-- key figure: granted
-- 格式第三部分，三（一）予以公开；条例第三十六条第（一）、（二）项；统计表三（三）2 同意公开答复数

-- key figure: partially_granted
-- 格式第三部分，三（二）部分公开；条例第三十七条；统计表三（三）3 同意部分公开答复数

-- key figure: denied
-- 格式第三部分，三（三）不予公开各项之和；条例第十四至十六条、第三十六条第（三）、（七）项；统计表三（三）4 不同意公开答复数

-- key figure: not_provided
-- 格式第三部分，三（四）无法提供各项之和；条例第三十六条第（四）、（五）项、第三十八条

-- key figure: not_processed
-- 格式第三部分，三（五）不予处理各项之和；条例第三十五条、第三十六条第（六）项、第三十九条

-- key figure: other
-- 格式第三部分，三（六）其他处理：2019、2020年度一项，2021年度起三项之和

-- key figure: carried_out
-- 格式第三部分，四、结转下年度继续办理

-- key figure: reviews
-- 格式第四部分，行政复议总计；条例第五十一条；统计表四、行政复议数量

-- key figure: reviews_corrected
-- 格式第四部分，行政复议结果纠正；统计表四（二）被依法纠错数

-- key figure: suits_direct
-- 格式第四部分，行政诉讼未经复议直接起诉总计；条例第五十一条

-- key figure: suits_after_review
-- 格式第四部分，行政诉讼复议后起诉总计；条例第五十一条

-- key figure: suits
-- 格式第四部分，行政诉讼两项总计之和，一项为空则无

-- Figures and rates of one report, over the columns of `figures`. Blank is not zero: a rate that lacks its numerator or its
-- denominator, or whose denominator is zero, is none. A name after @ stands for what is derived of that name. A sum has a rate only where the same reports state
-- both its numbers: as many state each of them as state all (`with_…` of the rate).

-- derived: all_suits
-- 格式第四部分，行政诉讼两项总计之和，一项为空则取另一项
CASE WHEN COALESCE(suits, suits_direct, suits_after_review) IS NOT NULL
    THEN COALESCE(suits, COALESCE(suits_direct, 0) + COALESCE(suits_after_review, 0)) END;

-- rate: grant_rate
-- 格式第三部分，总计一列：三（一）予以公开、三（二）部分公开，除以三（七）总计
granted + COALESCE(partially_granted, 0)
/ processed;

-- rate: denial_rate
-- 格式第三部分，总计一列：三（三）不予公开，除以三（七）总计
denied
/ processed;

-- rate: not_held_rate
-- 格式第三部分，总计一列：三（四）1 本机关不掌握相关政府信息（条例第三十六条第（四）项），除以三（七）总计
not_held
/ processed;

-- rate: screened_rate
-- 格式第三部分，总计一列：三（五）不予处理，除以三（七）总计
not_processed
/ processed;

-- rate: backlog_rate
-- 格式第三部分，总计一列：四、结转下年度继续办理，除以一、本年新收与二、上年结转之和
carried_out
/ applications + COALESCE(carried_in, 0);

-- rate: organisation_rate
-- 格式第三部分，一、本年新收：总计减自然人，除以总计
applications - applications_natural_person
/ applications;

-- rate: contested_rate
-- 格式第四部分，行政复议总计、行政诉讼总计，除以第三部分三（七）总计
reviews + @all_suits
/ processed;

-- rate: review_correction_rate
-- 格式第四部分，行政复议：结果纠正，除以总计减尚未审结
reviews_corrected
/ reviews - COALESCE(reviews_pending, 0);

-- rate: suit_loss_rate
-- 格式第四部分，行政诉讼：结果纠正，除以总计减尚未审结
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

-- view: later_bodies
-- Bodies of which a known one has taken the place, each with the last known one of its line; two where it was divided.
WITH RECURSIVE
    line AS (
        SELECT predecessor AS earlier, successor AS later
        FROM successions
        UNION
        SELECT l.earlier, s.successor
        FROM line l
        JOIN successions s ON s.predecessor = l.later
    ),
    known AS (
        SELECT earlier, later
        FROM line l
        WHERE EXISTS (SELECT 1 FROM figures f WHERE f.agency_id = l.later AND f.same_as IS NULL)
            OR EXISTS (SELECT 1 FROM listed_bodies b WHERE b.agency_id = l.later)
    )
SELECT earlier, later
FROM known
WHERE later NOT IN (SELECT earlier FROM known);

-- view: further_reports
-- Reports that add no body to those in hand of their year: further ones of a body, those whose body is not known, and those
-- of a body that another has followed. In its place that one is in hand, which counts against.
SELECT
    report_year,
    COALESCE(division_code, '') AS division_code,
    COALESCE(level, '') AS level,
    COALESCE(body_kind, '') AS body_kind,
    1 AS bodies
FROM repeated_reports
WHERE repeats_body
UNION ALL
SELECT
    COALESCE(report_year, 0),
    COALESCE(division_code, ''),
    COALESCE(level, ''),
    COALESCE(body_kind, ''),
    1
FROM figures
WHERE agency_id IS NULL AND same_as IS NULL
UNION ALL
SELECT report_year, COALESCE(division_code, ''), COALESCE(level, ''), COALESCE(body_kind, ''), 1
FROM figures
WHERE agency_id IN (SELECT earlier FROM later_bodies) AND report_year IS NOT NULL AND same_as IS NULL
GROUP BY agency_id, report_year
UNION ALL
SELECT f.report_year, k.division_code, k.level, k.body_kind, -1
FROM later_bodies l
CROSS JOIN figures f ON f.agency_id = l.earlier
JOIN known_bodies k ON k.division_code = IIF(l.later GLOB 'none-*', '', substr(l.later, 1, 6)) AND k.agency_id = l.later
WHERE f.report_year IS NOT NULL AND f.same_as IS NULL AND NOT EXISTS (
    SELECT 1 FROM figures o WHERE o.agency_id = l.later AND o.report_year = f.report_year AND o.same_as IS NULL
)
GROUP BY l.later, f.report_year;

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

-- view: known_bodies
-- `is_listed_only`: a portal lists it, and no report of it is here.
SELECT division_code, agency_id, level, body_kind, FALSE AS is_listed_only
FROM agencies_met
WHERE agency_id NOT IN (SELECT earlier FROM later_bodies)
UNION ALL
SELECT DISTINCT division_code, agency_id, level, body_kind, TRUE
FROM listed_bodies l
WHERE agency_id NOT IN (SELECT earlier FROM later_bodies) AND NOT EXISTS (
    SELECT 1 FROM agencies_met m WHERE m.division_code = l.division_code AND m.agency_id = l.agency_id
);

-- view: known_town_bodies
-- The same of towns, which have no code.
SELECT DISTINCT
    place_id,
    division_code,
    agency_id,
    COALESCE(level, '') AS level,
    COALESCE(body_kind, '') AS body_kind,
    FALSE AS is_listed_only
FROM figures
WHERE place_id GLOB '??????-*' AND agency_id IS NOT NULL AND same_as IS NULL
UNION ALL
SELECT DISTINCT place_id, division_code, agency_id, level, body_kind, TRUE
FROM listed_bodies l
WHERE place_id GLOB '??????-*' AND NOT EXISTS (
    SELECT 1 FROM agencies_met m WHERE m.division_code = l.division_code AND m.agency_id = l.agency_id
);

-- view: place_coverage
-- Of each year of the archive and each place, level and kind of body.
WITH
    known AS (
        SELECT
            CASE WHEN division_code <> '' THEN substr(division_code, 1, 2) || '0000' ELSE '' END AS province,
            division_code,
            level,
            body_kind,
            COUNT(DISTINCT agency_id) AS bodies,
            COUNT(DISTINCT agency_id) FILTER (WHERE is_listed_only) AS listed_only
        FROM known_bodies
        GROUP BY division_code, level, body_kind
    ),
    further AS (
        SELECT report_year, division_code, level, body_kind, SUM(bodies) AS bodies
        FROM further_reports
        GROUP BY report_year, division_code, level, body_kind
    )
SELECT
    y.report_year,
    k.province,
    k.division_code,
    k.level,
    k.body_kind,
    COALESCE((
        SELECT SUM(t.reports)
        FROM totals t
        WHERE t.report_year = y.report_year AND t.province = k.province AND t.division_code = k.division_code
            AND t.level = k.level AND t.body_kind = k.body_kind
    ), 0) - COALESCE(f.bodies, 0) AS bodies_in_hand,
    k.bodies AS bodies_known,
    k.listed_only AS bodies_listed_only
FROM (SELECT DISTINCT report_year FROM totals WHERE report_year <> 0) y
CROSS JOIN known k
LEFT JOIN further f
    ON f.report_year = y.report_year AND f.division_code = k.division_code AND f.level = k.level AND f.body_kind = k.body_kind;

-- view: coverage
-- Of a portal. A copy of a report on another portal is a report in hand here, too.
SELECT
    c.*,
    (
        SELECT SUM(f.values_three > 0) FROM figures f WHERE f.portal = c.portal AND f.report_year IS c.report_year
    ) AS with_table_three,
    (
        SELECT COUNT(DISTINCT f.agency_id) FROM figures f WHERE f.portal = c.portal AND f.report_year IS c.report_year
    ) AS bodies_in_hand,
    (
        SELECT COUNT(*)
        FROM (
            SELECT f.agency_id FROM figures f WHERE f.portal = c.portal AND f.agency_id IS NOT NULL
            UNION
            SELECT l.agency_id FROM listed_bodies l WHERE l.portal = c.portal
        )
    ) AS bodies_known
FROM (
    SELECT
        portal,
        report_year,
        COUNT(*) AS reports,
        SUM(state = 'live') AS live,
        SUM(state = 'missing') AS missing,
        SUM(state = 'removed') AS removed,
        SUM(state = 'returned') AS returned
    FROM reports
    GROUP BY portal, report_year
) c;

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
            ) AS place_in_line,
            @stated
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
            CAST(COALESCE(report_scope, '') AS TEXT) AS scope,
            @stated
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
            SUM(@figure) AS @figure, COUNT(@figure) AS with_@figure,
            SUM(with_@summed) AS with_@summed
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
            CASE WHEN t.with_@figure > COALESCE(a.with_@figure, 0) THEN t.@figure - COALESCE(a.@figure, 0) END AS @figure,
            t.with_@figure - COALESCE(a.with_@figure, 0) AS with_@figure,
            t.with_@summed - COALESCE(a.with_@summed, 0) AS with_@summed
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
            @figure,
            @figure IS NOT NULL,
            with_@summed
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
            CASE WHEN with_@figure THEN @figure END,
            with_@figure,
            with_@summed
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
            @figure,
            @figure IS NOT NULL,
            with_@summed
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
    @figure,
    with_@figure,
    with_@summed
FROM placed;

-- view: town_sums
-- Of one town each. `within_county`: a report on the whole area of its county, or of a place above, counts them once more.
WITH
    lined_up AS (
        SELECT
            *,
            report_scope IS 'whole_area' AS is_on_area,
            ROW_NUMBER() OVER (
                PARTITION BY place_id, report_year, report_scope, CASE WHEN report_scope IS 'whole_area' THEN '' ELSE agency_id END
                ORDER BY
                    COALESCE(applications, processed) IS NULL,
                    body_kind IS NOT 'subdistrict_township',
                    table_three <> 'verified',
                    published DESC,
                    report_id
            ) AS place_in_line,
            @stated
        FROM figures
        WHERE place_id GLOB '??????-*' AND same_as IS NULL
    ),
    told AS (
        SELECT
            *,
            MAX(is_on_area AND COALESCE(applications, processed) IS NOT NULL) OVER (PARTITION BY place_id, report_year) AS has_area
        FROM lined_up
    ),
    parts AS (
        SELECT
            *,
            CASE
                WHEN report_year IS NULL THEN 'apart'
                WHEN place_in_line > 1 THEN 'again'
                WHEN is_on_area AND COALESCE(applications, processed) IS NOT NULL THEN 'counted'
                WHEN report_scope IS NOT 'body_only' THEN 'apart'
                WHEN has_area THEN 'within'
                ELSE 'counted'
            END AS counting
        FROM told
    )
SELECT
    COALESCE(report_year, 0) AS report_year,
    CASE report_year WHEN 2019 THEN 'cn-2019' WHEN 2021 THEN 'cn-2021' END AS new_form,
    province,
    division_code,
    place_id,
    COALESCE(level, '') AS level,
    COALESCE(body_kind, '') AS body_kind,
    COALESCE(report_scope, '') AS report_scope,
    counting,
    report_year IS NOT NULL AND EXISTS (
        SELECT 1 FROM whole_areas w
        WHERE w.report_year = p.report_year AND w.states_figures
            AND w.division_code IN (p.division_code, substr(p.division_code, 1, 4) || '00', p.province)
    ) AS within_county,
    COUNT(*) AS reports,
    SUM(table_three = 'verified') AS verified_three,
    SUM(table_four = 'verified') AS verified_four,
    SUM(@figure) AS @figure,
    COUNT(@figure) AS with_@figure,
    SUM(with_@summed) AS with_@summed
FROM parts p
GROUP BY place_id, 1, level, body_kind, report_scope, counting;

-- view: rates
-- Of each report, copies left out.
SELECT
    report_id,
    portal,
    issuing_body,
    agency_id,
    division_code,
    level,
    body_kind,
    report_scope,
    report_year,
    form,
    table_three,
    table_four,
    @derived,
    @rate
FROM figures
WHERE same_as IS NULL;
