"""Codes of windows, dates, moments and cron."""

from __future__ import annotations

from chalicelib.policy.codes.code import Code

TIMES = {
    "LC012": Code(
        "A range that runs backwards",
        "The first day of a range comes first. Names of days and months may wrap (fri-mon); numbers and dates may not.",
        "hours: {timezone: Asia/Tokyo, open: [day 20-10 08:00-20:00]}",
        "hours: {timezone: Asia/Tokyo, open: [day 10-20 08:00-20:00]}",
    ),
    "LC013": Code(
        "A day or month that is named twice",
        "One of them was probably meant to be another.",
        'hours: {timezone: Asia/Tokyo, open: ["mon-fri,wed 08:00-20:00"]}',
        'hours: {timezone: Asia/Tokyo, open: ["mon-fri,sat 08:00-20:00"]}',
    ),
    "LC014": Code(
        "Not a window",
        "A window is [MONTHS] DAYS TIMES, in lower case, with two-digit times: mon-fri 08:00-20:00. The day that is "
        "named is the day on which the window begins. Windows with commas go on - lines or in quotes.",
        "hours: {timezone: Asia/Tokyo, open: [Mon-Fri 8:00-20:00]}",
        "hours: {timezone: Asia/Tokyo, open: [mon-fri 08:00-20:00]}",
    ),
    "LC015": Code(
        "A window that begins and ends at the same time",
        "Nobody can tell whether it is empty or a whole day. A whole day is written all-day.",
        "hours: {timezone: Asia/Tokyo, open: [sat-sun 03:00-03:00]}",
        "hours: {timezone: Asia/Tokyo, open: [sat-sun all-day]}",
    ),
    "LC016": Code(
        "Not a date",
        "Dates are year-month-day; a range joins two of them with two dots, and both days belong to it.",
        "match: {everything: true}\nexclude: [{names: [a], until: 12/31, reason: demo}]",
        "match: {everything: true}\nexclude: [{names: [a], until: 2026-12-31, reason: demo}]",
    ),
    "LC017": Code(
        "Not an AWS cron expression",
        "Six fields in cron(...): minutes, hours, day of month, month, day of week, year; one of the two days is ?.",
        'hours: {timezone: Asia/Tokyo, cron: {start: ["cron(0 8 * * * *)"], stop: ["0 20 * * *"]}}',
        'hours: {timezone: Asia/Tokyo, cron: {start: ["cron(0 8 * * ? *)"], stop: ["0 20 * * *"]}}',
    ),
    "LC018": Code(
        "Six cron fields without cron(...)",
        "Tools read a sixth field as seconds, as years, or not at all. Write five fields, or AWS's form in cron(...).",
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 ? * MON-FRI *"], stop: ["0 20 * * *"]}}',
        'hours: {timezone: Asia/Tokyo, cron: {start: ["cron(0 8 ? * MON-FRI *)"], stop: ["0 20 * * *"]}}',
    ),
    "LC019": Code(
        "A cron expression that makes no sense here",
        "It never fires, or it fires too often to be opening hours.",
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 30 2 *"], stop: ["0 20 * * *"]}}',
        'hours: {timezone: Asia/Tokyo, cron: {start: ["0 8 28 2 *"], stop: ["0 20 * * *"]}}',
    ),
    "LC022": Code(
        "Not a moment",
        "A moment is 2026-12-31T10:00 in the policy's zone, or the same with Z or an offset such as +09:00.",
        _test := "match: {everything: true}\nhours: {timezone: Asia/Tokyo, open: [daily 08:00-20:00]}\n"
        "tests: [{at: 31 Dec 10:00, expect: running}]",
        _test.replace("31 Dec 10:00", "2026-12-31T10:00"),
    ),
    "LC023": Code(
        "A time that the clocks skip",
        "When clocks go forward, the times of that hour do not exist. Write one before or after.",
        _gap := "match: {everything: true}\nhours: {timezone: Europe/Berlin, open: [daily 08:00-20:00]}\n"
        "tests: [{at: 2026-03-29T02:30, expect: stopped}]",
        _gap.replace("02:30", "03:30"),
    ),
}
