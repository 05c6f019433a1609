"""What a report is: what answers with status 200 and a report's title and is none, and odd reports that are ones.

All texts are our own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from archive import Captures
from archive.captures import Capture
from archive.model import Entry, Located, Page, Report
from archive.records import Reading
from archive.vocabulary import Fate, Outcome, ProblemKind
from pipelines import read
from pipelines.errors import ReaderError
from pipelines.ingest.compose import compose
from pipelines.metadata import may_be_report_title

URL = "http://www.linxi.gov.cn/zwgk/nb/202101/t20210118_2001.html"
BODY = "安川市林溪区民政局"
TITLE = f"{BODY}2020年政府信息公开工作年度报告"
ENTRY = Entry(url=URL, title=TITLE, date="2021-01-18")
MENU = "".join(
    f'<li><a href="/{n}/">{name}</a></li>'
    for n, name in enumerate(
        [
            "首页",
            "政务公开",
            "主动公开",
            "依申请公开",
            "政府信息公开指南",
            "政府信息公开目录",
            "互动交流",
            "政策解读",
            "用户登录",
        ]
    )
)
NEWS = "".join(
    f'<li><a href="/yw/{n}.html">林溪区召开第{n}次重点项目调度会</a> 2021-02-{n:02}</li>' for n in range(1, 19)
)
ROWS = "".join(
    f'<li><a href="t{n}.html">林溪区{name}2020年政府信息公开工作年度报告</a><span>2021-01-{n + 10}</span></li>'
    for n, name in enumerate(
        ["财政局", "教育局", "民政局", "司法局", "水务局", "审计局", "统计局", "信访局", "医保局", "城管局"]
    )
)
PREAMBLE = "根据《中华人民共和国政府信息公开条例》，编制本报告。本报告所列数据的统计期限自2020年1月1日起至12月31日止。"
PROSE = f"<p>{PREAMBLE}</p><p>一、总体情况</p><p>我局全年主动公开政府信息35条，受理公开申请2件，均已答复。</p>"


def bare(content: str, *, title: str = TITLE, head: str = "") -> str:
    """A page of little more than its message."""
    return f"<html><head><title>{title}</title>{head}</head><body><h1>{title}</h1>{content}</body></html>"


def framed(content: str, *, title: str = TITLE, metas: bool = True, box: str = 'class="TRS_Editor"') -> str:
    """A page in the portal's full frame: metas, menu, position, line of date and source, the article's box, footer."""
    head = (
        f'<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="2021-01-18 09:30">' if metas else ""
    )
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8">{head}<meta name="SiteName" content="林溪区人民政府">'
        f"<title>{title}_林溪区人民政府</title></head><body><div class=nav><ul>{MENU}</ul></div>"
        f'<div class="position">当前位置：<a href="/">首页</a>&gt;<a href="/zwgk/">政务公开</a></div>'
        f'<div class="main"><h1>{title}</h1><div class="info">发布时间：2021-01-18 09:30 来源：林溪区民政局</div>'
        f"<div {box}>{content}</div></div><div class=footer>主办：林溪区人民政府办公室 网站标识码：0000000000</div></body></html>"
    )


def untitled(content: str, *, title: str = "") -> str:
    return f"<html><head><title>{title}</title></head><body>{content}</body></html>"


def noise(seed: int, size: int = 20_000) -> bytes:
    """Random bytes that begin like nothing known."""
    return b"\x9c" + random.Random(seed).randbytes(size - 1)


@dataclass(frozen=True)
class Answer:
    """What a portal answers with status 200."""

    body: str | bytes
    fate: Fate = Fate.NOT_A_REPORT
    content_type: str | None = "text/html; charset=utf-8"
    entry: Entry = field(default_factory=lambda: ENTRY)

    def read(self) -> Report:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        page = Page(
            url=URL,
            body=body,
            content_type=self.content_type,
            entries=(self.entry,),
            captured_at="2021-03-01T00:00:00Z",
        )
        return read(page)


LOGIN = '<form action="/sso">用户名<input name=u> 密码<input type="password" name=p><button>登录</button></form>'
BETTING = (
    "<p>本站提供真人娱乐与棋牌游戏，百家乐、老虎机应有尽有，新会员注册送彩金，充值返水天天有，投注快捷，提现秒到。</p>"
    "<p>北京赛车、时时彩、六合彩开奖结果第一时间更新，体育平台赔率高，欢迎各位玩家前来体验，客服全天在线为您解答。</p>"
) * 4
GOVERNMENT_WORK = "".join(
    f"<p>过去一年，全区坚持稳中求进，完成固定资产投资{n}亿元，新建道路{n}公里，城乡居民收入稳步增长，教育、卫生、文化事业全面进步。</p>"
    for n in range(11, 41)
)
NO_REPORTS: dict[str, Answer] = {
    # maintenance and review
    "maintenance, bare": Answer(bare("<p>系统维护中，请稍后访问。</p>"), Fate.BLOCKED),
    "maintenance, framed": Answer(
        framed("<p>因机房割接，网站于今晚进行系统维护，暂停访问，给您带来不便敬请谅解。</p>"), Fate.BLOCKED
    ),
    "maintenance in a heading": Answer(bare("<h2>网站升级改版中</h2>"), Fate.BLOCKED),
    "maintenance, title in the metas alone": Answer(
        framed("<p>平台正在升级，暂时无法访问。</p>").replace(f"<h1>{TITLE}</h1>", ""), Fate.BLOCKED
    ),
    "maintenance that speaks of applications": Answer(
        framed("<p>政府信息公开平台正在维护，维护期间如需依申请公开，请到公开查阅点办理。</p>"), Fate.BLOCKED
    ),
    "maintenance, a picture": Answer(framed('<img src="/upload/weihu.jpg" alt="系统维护中">'), Fate.BLOCKED),
    "maintenance, a picture without words": Answer(framed('<img src="/upload/maintenance.png">')),
    "maintenance, untitled": Answer(untitled("<p>服务器维护中。</p>"), Fate.BLOCKED),
    "maintenance, in English": Answer(
        bare("<p>This site is under maintenance. We will be back soon.</p>"), Fate.BLOCKED
    ),
    "under review": Answer(bare("<p>内容审核中</p>"), Fate.BLOCKED),
    "under review, framed": Answer(framed("<p>该稿件正在审核，审核通过后方可查看。</p>"), Fate.BLOCKED),
    "to be published": Answer(framed("<p>2020年度报告内容整理中，敬请期待。</p>"), Fate.BLOCKED),
    "not published yet": Answer(framed("<p>该年度报告暂未发布。</p>"), Fate.BLOCKED),
    # permission and login
    "no permission": Answer(bare("<p>您没有权限查看该内容。</p>"), Fate.BLOCKED),
    "no permission, disclosure's own words": Answer(
        framed("<p>该信息属于依申请公开、不予公开事项，您无权查看。</p>"), Fate.BLOCKED
    ),
    "for the government's network alone": Answer(framed("<p>本页面仅限政务外网访问。</p>"), Fate.BLOCKED),
    "access denied": Answer(bare("<p>Access Denied. Your request has been logged.</p>"), Fate.BLOCKED),
    "login form": Answer(bare(LOGIN), Fate.BLOCKED),
    "login form, framed": Answer(framed(f"<div>{LOGIN}</div>"), Fate.BLOCKED),
    "login form with a picture": Answer(framed(f'{LOGIN}<img src="/captcha.jpg" alt="验证码">'), Fate.BLOCKED),
    "login form without words": Answer(bare("<form><input name=a><input type=password name=b></form>"), Fate.BLOCKED),
    "single sign-on": Answer(
        untitled("<h1>统一身份认证平台</h1><p>请先登录</p>", title="统一身份认证平台"), Fate.BLOCKED
    ),
    "session expired": Answer(framed("<p>会话已过期，请重新登录。</p>"), Fate.BLOCKED),
    # challenges
    "captcha": Answer(framed("<p>请输入验证码后继续访问</p>"), Fate.BLOCKED),
    "too many visits": Answer(framed("<p>您的操作过于频繁，请稍后再试。</p>"), Fate.BLOCKED),
    "an unknown firewall": Answer(framed("<p>您的请求可能存在威胁，已被拦截，事件编号 7a10f3。</p>"), Fate.BLOCKED),
    "scripts wanted": Answer(framed("<p>请启用 JavaScript 后浏览本页。</p>"), Fate.BLOCKED),
    "still loading": Answer(framed("<p>正在加载……</p>"), Fate.BLOCKED),
    # gone
    "gone": Answer(framed("<p>您访问的页面不存在或已被删除。</p>"), Fate.MISSING),
    "gone, long": Answer(
        framed("<p>很抱歉，您要查看的文章已被撤回。</p>" + "<p>您可以返回首页继续浏览其他栏目。</p>" * 20), Fate.MISSING
    ),
    "404 with 200": Answer(bare("<p>404 Not Found</p>"), Fate.MISSING),
    "nothing found": Answer(framed("<p>没有找到符合条件的结果，共找到 0 条。</p>"), Fate.MISSING),
    "no content": Answer(framed("<p>暂无内容</p>"), Fate.MISSING),
    "column closed": Answer(framed("<p>该栏目已停用。</p>"), Fate.MISSING),
    # errors
    "502 with 200": Answer(bare("<center><p>502 Bad Gateway</p></center><hr>nginx"), Fate.ERROR),
    "stack trace": Answer(
        bare("<pre>java.lang.NullPointerException\n at cn.cms.web.DocAction.show(DocAction.java:88)</pre>"), Fate.ERROR
    ),
    "database error": Answer(framed("<p>数据库连接失败，请联系管理员。</p>"), Fate.ERROR),
    "PHP warning": Answer(
        bare("<p>Warning: mysql_connect(): Too many connections in /www/db.php on line 12</p>"), Fate.ERROR
    ),
    "server busy": Answer(framed("<p>服务器内部错误，操作失败。</p>"), Fate.ERROR),
    "rent not paid": Answer(bare("<p>该站点已欠费停用</p>"), Fate.ERROR),
    "welcome to a server": Answer(untitled("<h1>It works!</h1>", title=TITLE), Fate.ERROR),
    # home pages, columns, listings
    "home page": Answer(framed(f"<ul>{NEWS}</ul>", box="class=index")),
    "home page, its own title": Answer(untitled(f"<ul>{MENU}</ul><ul>{NEWS}</ul>", title="林溪区人民政府门户网站")),
    "home page with pictures": Answer(framed(f'<ul>{NEWS}</ul><p><img src="/pic/w1.jpg"></p>')),
    "column": Answer(framed(f"<ul>{ROWS}</ul>", metas=False)),
    "column with its own title": Answer(
        untitled(f"<h1>政府信息公开年报</h1><ul>{ROWS}</ul>", title="政府信息公开年报")
    ),
    "column of documents": Answer(
        framed(
            "".join(f'<p><a href="/f/{y}.pdf">林溪区{y}年政府信息公开工作年度报告</a></p>' for y in range(2012, 2021))
        )
    ),
    "column in the article's box": Answer(framed(f"<ul>{ROWS}</ul><p>共10条 第1页</p>")),
    "site map": Answer(framed(f"<ul>{MENU}{MENU}{MENU}</ul>")),
    # other texts
    "gambling": Answer(framed(BETTING)),
    "gambling, bare": Answer(bare(BETTING)),
    "gambling with a document": Answer(framed(f'{BETTING}<a href="/f/app.pdf">立即下载</a>')),
    "streaming": Answer(framed("<p>高清影院免费在线观看，最新电影电视剧每日更新，无需注册。</p>" * 8)),
    "a notice": Answer(
        framed(
            "<p>各镇人民政府，区政府各部门：</p><p>根据《政府信息公开条例》，请各单位于1月31日前编制2020年度报告，"
            "内容包括主动公开、依申请公开、行政复议、收费等情况，并在公开平台发布。</p><p>特此通知。</p>"
        )
    ),
    "news": Answer(
        framed(
            "<p>1月20日，区政府召开政府信息公开工作会议，传达《条例》，部署主动公开、依申请公开、行政复议和公开平台建设。</p>"
            "<p>会议要求，各单位要提高认识，压实责任。</p>"
        )
    ),
    "a guide": Answer(
        framed(
            "<h2>政府信息公开指南</h2><p>公民、法人可向受理机构提出申请，填写申请表，受理机构按《条例》予以公开或不予公开。</p>"
            "<p>办公地址：林溪路1号。受理时间：工作日。公开形式：网站、公开栏。对答复不服的，可行政复议。</p>"
        )
    ),
    "the government's work report": Answer(framed(GOVERNMENT_WORK)),
    "a recipe": Answer(framed("<p>将面粉、鸡蛋和清水搅拌均匀，静置半小时，小火煎至两面金黄即可。</p>" * 5)),
    "nothing but the title": Answer(framed("")),
    "nothing but the title, bare": Answer(bare("")),
    "the title as text": Answer(framed(f"<p>{TITLE}</p>")),
    "a plug-in for reading": Answer(framed('<p>请安装阅读器：<a href="/f/reader.zip">阅读插件下载</a></p>')),
    "a comment form": Answer(framed("<p>我要留言：姓名、电话、内容，提交后我们会尽快与您联系。</p>")),
    # no text
    "random bytes": Answer(noise(1), Fate.UNREADABLE),
    "random bytes without a type": Answer(noise(2), Fate.UNREADABLE, None),
    "random bytes under a title": Answer(bare("").encode() + noise(3), Fate.UNREADABLE),
    "an untitled text of something else": Answer(
        "今天天气晴朗，适合出游。\n请携带雨具，注意安全。", content_type="text/plain"
    ),
    "an untitled page of something else": Answer(
        untitled("<div id=zoom><p>今天天气晴朗，适合出游，请注意安全。</p></div>")
    ),
    # the listing contradicts
    "another year": Answer(framed(PROSE.replace("2020年", "2018年"), title=TITLE.replace("2020", "2018"))),
    "another year in the text alone": Answer(
        framed(PROSE.replace("2020年", "2017年"), title=f"{BODY}政府信息公开工作年度报告")
    ),
    "another body": Answer(framed(PROSE, title=TITLE.replace("民政局", "教育局"))),
    "another place": Answer(framed(PROSE, title=TITLE.replace("安川市林溪区民政局", "安川市南浦区民政局"))),
    "another town": Answer(
        framed(PROSE, title="林溪区白沙镇2020年政府信息公开工作年度报告"),
        entry=Entry(url=URL, title="林溪区石桥镇2020年政府信息公开工作年度报告"),
    ),
    "a later year than the listing's date": Answer(
        framed(PROSE, title=TITLE), entry=Entry(url=URL, title="年度报告", date="2016-03-02")
    ),
}

SHORT_PROSE = (
    "<p>2008年，我镇认真贯彻《条例》，通过政务公开栏和区政府网站主动公开信息86条，未收到公开申请，没有因信息公开引发的行政复议和诉讼，"
    "没有收取费用。今后将完善制度，加强培训，不断提高公开质量。</p>"
)
TABLE = "<table><tr><td>本年新收政府信息公开申请数量</td><td>3</td></tr><tr><td>上年结转政府信息公开申请数量</td><td>0</td></tr><tr><td>结转下年度继续办理</td><td>0</td></tr></table>"


def town(year: int) -> tuple[str, Entry]:
    title = f"林溪区石桥镇{year}年政府信息公开工作年度报告"
    return title, Entry(url=URL, title=title)


PAST, PAST_ENTRY = town(2008)
PDF = '<p><a href="/f/P020210118.pdf">点击下载</a></p>'
ODD: dict[str, Answer] = {
    "prose of 2008": Answer(framed(SHORT_PROSE, title=PAST), entry=PAST_ENTRY),
    "prose of 2008, bare": Answer(bare(SHORT_PROSE, title=PAST), entry=PAST_ENTRY),
    "prose of 2008 in a text": Answer(f"{PAST}\n{SHORT_PROSE[3:-4]}", content_type="text/plain", entry=PAST_ENTRY),
    "one sentence": Answer(framed("<p>2008年，我镇未收到政府信息公开申请。</p>", title=PAST), entry=PAST_ENTRY),
    "two short sentences": Answer(framed("<p>依据《条例》，编制本报告。</p><p>全年无公开申请。</p>")),
    "300 characters": Answer(framed(PROSE)),
    "300 characters that speak of repairs": Answer(
        framed(f"{PROSE}<p>全年网站维护12次，审核信息35条，用户登录正常，没有出现系统故障。</p>")
    ),
    "a picture": Answer(framed('<p><img src="./W020210118.jpg"></p>')),
    "a picture without a line of date": Answer(bare('<div id="zoom"><img src="/u/2021/1.png"></div>')),
    "pictures of every page": Answer(framed("".join(f'<p><img src="./nb{n}.png"></p>' for n in range(6)))),
    "a table picture below a sentence": Answer(framed('<p>统计表如下：</p><p><img src="./tb.png" alt="附表"></p>')),
    "a PDF": Answer(framed(PDF)),
    "a docx": Answer(framed('<p>附件：<a href="./P02021.docx">附件1</a></p>')),
    "a docx below the article": Answer(
        framed("").replace(
            "</div></div><div class=footer>",
            '</div><div class="fj"><a href="./nb.docx">nb.docx</a></div></div><div class=footer>',
        )
    ),
    "a PDF in a viewer": Answer(framed('<iframe src="/js/viewer.html?file=/f/nb.pdf"></iframe>')),
    "two documents of one report": Answer(
        framed(f'<p><a href="1.pdf">{TITLE}.pdf</a></p><p><a href="1.docx">{TITLE}.docx</a></p>')
    ),
    "full text in the attachment": Answer(framed('<p>全文见附件。</p><p><a href="./a.doc">附件</a></p>')),
    "no year in the title": Answer(framed(PROSE, title=f"{BODY}政府信息公开工作年度报告")),
    "no year anywhere": Answer(
        framed("<p>我局主动公开信息，没有收到公开申请。</p>", title=f"{BODY}政府信息公开工作年度报告")
    ),
    "no date": Answer(
        framed(PROSE, metas=False).replace("发布时间：2021-01-18 09:30", ""), entry=Entry(url=URL, title=TITLE)
    ),
    "a heading only in a picture": Answer(
        untitled(f'<img src="/t/h.png"><div id="zoom">{PROSE}</div>', title="林溪区人民政府"),
    ),
    "a heading only in a picture, no browser title": Answer(
        untitled(f'<img src="/t/h.png"><div id="zoom">{PROSE}</div>')
    ),
    "a title cut by the listing": Answer(
        framed(PROSE), entry=Entry(url=URL, title="安川市林溪区民政局2020年政府信息公开…")
    ),
    "a title cut by page and listing": Answer(
        framed(PROSE, title="安川市林溪区民政局2020年政府信息公开工作…"), entry=ENTRY
    ),
    "a bare title: a year": Answer(framed(PROSE), entry=Entry(url=URL, title="2020年")),
    "a bare title: 下载": Answer(framed(PDF), entry=Entry(url=URL, title="下载")),
    "tables alone": Answer(framed(TABLE)),
    "tables in an outer frame": Answer(bare(f"<div class=content>{TABLE}</div>")),
    "another name of the same body": Answer(
        framed(PROSE, title="林溪区人民政府办公室2020年政府信息公开工作年度报告"),
        entry=Entry(url=URL, title="安川市林溪区政府办2020年政府信息公开年报"),
    ),
    "a short name in the listing": Answer(
        framed(PROSE, title="安川市林溪区人力资源和社会保障局2020年政府信息公开工作年度报告"),
        entry=Entry(url=URL, title="区人社局2020年政府信息公开年报"),
    ),
    "a login box in the frame": Answer(
        framed(PROSE).replace("<div class=nav>", f"<div class=top>{LOGIN}</div><div class=nav>")
    ),
    "GBK": Answer(
        framed(SHORT_PROSE, title=PAST).replace("utf-8", "gb2312").encode("gb18030"),
        content_type="text/html",
        entry=PAST_ENTRY,
    ),
    "chapters in the place of a title": Answer(
        untitled(
            "<div id=zoom><p>一、概述</p><p>略。</p><p>二、主动公开情况</p><p>略。</p><p>三、依申请公开情况</p><p>略。</p>"
            "<p>四、收费情况</p><p>略。</p><p>五、存在的问题</p><p>略。</p></div>"
        ),
        entry=Entry(url=URL, title="年报"),
    ),
}


@pytest.mark.parametrize("kind", NO_REPORTS)
def test_what_is_no_report_is_what_it_is(kind: str) -> None:
    answer = NO_REPORTS[kind]
    try:
        found = answer.read()
    except ReaderError:
        assert answer.fate is Fate.UNREADABLE
        return
    assert (found.is_report, found.fate) == (False, answer.fate), found.cause
    assert found.cause
    assert found.statistics == []


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_report_is_one(kind: str) -> None:
    found = ODD[kind].read()
    assert found.is_report, (found.fate, found.cause, found.title)
    assert (found.fate, found.cause) == (None, "")


def test_there_are_enough_of_both() -> None:
    assert len(NO_REPORTS) >= 60
    assert len(ODD) >= 30


@pytest.mark.parametrize(
    "title",
    [
        TITLE,
        f"{TITLE[:20]}…",
        "林溪区石桥镇20...",
        "2019年",
        "2019",
        "二〇一九年度",
        "下载",
        "附件1",
        "点击查看",
        "详情",
        "年报.pdf",
        "",
    ],
)
def test_titles_that_may_be_a_reports_are_asked_for(title: str) -> None:
    assert may_be_report_title(title)


@pytest.mark.parametrize(
    "title",
    [
        "关于报送2020年政府信息公开工作年度报告…",
        "林溪区召开政府信息公开工作会议",
        "林溪区石桥镇第三次人口普查…",
        "2019年部门决算",
        "政府信息公开指南",
        "附件1：报名表",
        "一图读懂2020年政府信息公开工作…",
    ],
)
def test_titles_of_other_things_are_not(title: str) -> None:
    assert not may_be_report_title(title)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("林溪区政府办", "安川市林溪区人民政府办公室", True),
        ("区人社局", "安川市林溪区人力资源和社会保障局", True),
        ("林溪区教育局", "安川市林溪区教育体育局", True),
        ("林溪区住房和城乡建设局", "林溪区住建局", True),
        ("林溪区人民政府 林溪新区管委会", "林溪区人民政府", True),
        ("林溪区财政局", "林溪区民政局", False),
        ("林溪区民政局", "南浦区民政局", False),
        ("林溪区", "林溪区民政局", False),
        ("林溪区石桥镇", "林溪区", False),
        ("石桥镇人民政府", "白沙镇人民政府", False),
    ],
)
def test_names_that_may_be_one_bodys(first: str, second: str, same: bool) -> None:
    page = f"{second}2020年政府信息公开工作年度报告"
    entry = Entry(url=URL, title=f"{first}2020年政府信息公开工作年度报告")
    assert Answer(framed(PROSE, title=page), entry=entry).read().is_report is same


def test_a_listing_that_agrees_outweighs_one_that_does_not() -> None:
    page = Page(url=URL, body=framed(PROSE).encode(), content_type="text/html", captured_at="2021-03-01T00:00:00Z")
    other = Entry(url=URL, title=TITLE.replace("2020", "2016"))
    assert not read(replace(page, entries=(other,))).is_report
    assert read(replace(page, entries=(other, ENTRY))).is_report
    assert [p.kind for p in read(replace(page, entries=(other,))).problems] == ["contradicts_listing"]


# --- composed from an archive ----------------------------------------------------------------------------------------


def archived(folder: Path, *answers: str | bytes, entry: Entry = ENTRY) -> Captures:
    """An archive with one listed document and what its portal answered, a day apart."""
    captures = Captures(folder)
    captures.add_entries([replace(entry, portal="linxi", listing_url="http://www.linxi.gov.cn/zwgk/nb/")])
    for day, answer in enumerate(answers, 1):
        body = answer.encode() if isinstance(answer, str) else answer
        moment = f"2021-02-{day:02}T00:00:00.000000Z"
        captures.add(
            Capture(
                url=URL,
                requested_at=moment,
                status=200,
                outcome=Outcome.OK,
                body=body,
                content_type="text/html",
                portal="linxi",
            )
        )
    return captures


def composed(captures: Captures) -> Reading:
    reading = compose(captures, Located(portal="linxi", key="2001", urls=(URL,)))
    assert not reading.failed
    return reading


SAID: dict[str, ProblemKind | None] = {
    "maintenance, framed": ProblemKind.BLOCKED,
    "login form": ProblemKind.BLOCKED,
    "gone": ProblemKind.MISSING,
    "502 with 200": ProblemKind.ERROR,
    "home page": None,
    "column with its own title": None,
    "gambling": None,
    "random bytes under a title": None,
    "another year": ProblemKind.CONTRADICTS_LISTING,
    "another body": ProblemKind.CONTRADICTS_LISTING,
}


@pytest.mark.parametrize("kind", SAID)
def test_a_reading_keeps_what_a_page_is_and_says_so(kind: str, tmp_path: Path) -> None:
    reading = composed(archived(tmp_path, NO_REPORTS[kind].body))
    assert (reading.record, reading.fate, reading.capture_id) == (None, NO_REPORTS[kind].fate, 1)
    assert reading.cause
    said = [problem.kind for _, problems in reading.problems for problem in problems]
    assert said == [SAID[kind]] if SAID[kind] else said == []


@pytest.mark.parametrize("kind", ["maintenance, framed", "another body", "random bytes"])
def test_a_report_stays_one_while_its_address_answers_with_something_else(kind: str, tmp_path: Path) -> None:
    reading = composed(archived(tmp_path, framed(PROSE), NO_REPORTS[kind].body))
    assert reading.report is not None
    assert (reading.report.title, reading.fate) == (TITLE, None)
    assert any(said for _, said in reading.problems)


def test_a_portal_that_is_well_again_gives_the_report_and_nothing_else(tmp_path: Path) -> None:
    wrong = NO_REPORTS["another body"].body
    reading = composed(archived(tmp_path, NO_REPORTS["maintenance, framed"].body, wrong, framed(PROSE)))
    assert reading.report is not None
    assert (reading.report.title, reading.fate, reading.cause, reading.capture_id) == (TITLE, None, "", None)
    assert {problem.kind for _, said in reading.problems for problem in said} == {ProblemKind.INCOMPLETE_REPORT}
    assert reading.record is not None
    assert len(reading.record.tables["versions"]) == 1


@pytest.mark.parametrize("kind", ["prose of 2008", "a picture", "a PDF", "a title cut by the listing", "tables alone"])
def test_an_odd_report_is_composed(kind: str, tmp_path: Path) -> None:
    answer = ODD[kind]
    reading = composed(archived(tmp_path, answer.body, entry=answer.entry))
    assert reading.record is not None
    assert reading.fate is None
