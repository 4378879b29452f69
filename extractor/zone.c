/* zone.c - see zone.h. */
#include "extractor/zone.h"

#include "base/date.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum rule { NO_SUMMER, EUROPE, AMERICA, AUSTRALIA, NEW_ZEALAND, CHILE };

static const struct { const char *name; int minutes; enum rule rule; const char *domain; } zones[] = {
    { "Asia/Ho_Chi_Minh", 420, NO_SUMMER, "vn" }, { "Asia/Saigon", 420, NO_SUMMER, NULL }, { "Asia/Bangkok", 420, NO_SUMMER, "th" },
    { "Asia/Jakarta", 420, NO_SUMMER, "id" }, { "Asia/Phnom_Penh", 420, NO_SUMMER, "kh" }, { "Asia/Vientiane", 420, NO_SUMMER, "la" },
    { "Asia/Singapore", 480, NO_SUMMER, "sg" }, { "Asia/Kuala_Lumpur", 480, NO_SUMMER, "my" }, { "Asia/Manila", 480, NO_SUMMER, "ph" },
    { "Asia/Shanghai", 480, NO_SUMMER, "cn" }, { "Asia/Hong_Kong", 480, NO_SUMMER, "hk" }, { "Asia/Taipei", 480, NO_SUMMER, "tw" },
    { "Asia/Tokyo", 540, NO_SUMMER, "jp" }, { "Asia/Seoul", 540, NO_SUMMER, "kr" }, { "Asia/Kolkata", 330, NO_SUMMER, "in" },
    { "Asia/Dhaka", 360, NO_SUMMER, "bd" }, { "Asia/Karachi", 300, NO_SUMMER, "pk" }, { "Asia/Colombo", 330, NO_SUMMER, "lk" },
    { "Asia/Kathmandu", 345, NO_SUMMER, "np" }, { "Asia/Yangon", 390, NO_SUMMER, "mm" }, { "Asia/Dubai", 240, NO_SUMMER, "ae" },
    { "Asia/Riyadh", 180, NO_SUMMER, "sa" }, { "Asia/Tehran", 210, NO_SUMMER, "ir" }, { "Asia/Baghdad", 180, NO_SUMMER, "iq" },
    { "Asia/Jerusalem", 120, EUROPE, "il" }, { "Asia/Tashkent", 300, NO_SUMMER, "uz" }, { "Asia/Almaty", 300, NO_SUMMER, "kz" },
    { "Europe/Istanbul", 180, NO_SUMMER, "tr" }, { "Europe/Moscow", 180, NO_SUMMER, NULL }, { "Europe/Minsk", 180, NO_SUMMER, "by" },
    { "Europe/London", 0, EUROPE, "uk" }, { "Europe/Dublin", 0, EUROPE, "ie" }, { "Europe/Lisbon", 0, EUROPE, "pt" },
    { "Atlantic/Reykjavik", 0, NO_SUMMER, "is" }, { "Europe/Berlin", 60, EUROPE, "de" }, { "Europe/Vienna", 60, EUROPE, "at" },
    { "Europe/Zurich", 60, EUROPE, "ch" }, { "Europe/Vaduz", 60, EUROPE, "li" }, { "Europe/Paris", 60, EUROPE, "fr" },
    { "Europe/Brussels", 60, EUROPE, "be" }, { "Europe/Amsterdam", 60, EUROPE, "nl" }, { "Europe/Luxembourg", 60, EUROPE, "lu" },
    { "Europe/Madrid", 60, EUROPE, "es" }, { "Europe/Rome", 60, EUROPE, "it" }, { "Europe/Malta", 60, EUROPE, "mt" },
    { "Europe/Copenhagen", 60, EUROPE, "dk" }, { "Europe/Oslo", 60, EUROPE, "no" }, { "Europe/Stockholm", 60, EUROPE, "se" },
    { "Europe/Warsaw", 60, EUROPE, "pl" }, { "Europe/Prague", 60, EUROPE, "cz" }, { "Europe/Bratislava", 60, EUROPE, "sk" },
    { "Europe/Budapest", 60, EUROPE, "hu" }, { "Europe/Ljubljana", 60, EUROPE, "si" }, { "Europe/Zagreb", 60, EUROPE, "hr" },
    { "Europe/Belgrade", 60, EUROPE, "rs" }, { "Europe/Sarajevo", 60, EUROPE, "ba" }, { "Europe/Skopje", 60, EUROPE, "mk" },
    { "Europe/Tirane", 60, EUROPE, "al" }, { "Europe/Athens", 120, EUROPE, "gr" }, { "Europe/Helsinki", 120, EUROPE, "fi" },
    { "Europe/Tallinn", 120, EUROPE, "ee" }, { "Europe/Riga", 120, EUROPE, "lv" }, { "Europe/Vilnius", 120, EUROPE, "lt" },
    { "Europe/Bucharest", 120, EUROPE, "ro" }, { "Europe/Sofia", 120, EUROPE, "bg" }, { "Europe/Kyiv", 120, EUROPE, "ua" },
    { "Europe/Kiev", 120, EUROPE, NULL }, { "Europe/Chisinau", 120, EUROPE, "md" }, { "Asia/Nicosia", 120, EUROPE, "cy" },
    { "Africa/Johannesburg", 120, NO_SUMMER, "za" }, { "Africa/Cairo", 120, NO_SUMMER, "eg" }, { "Africa/Lagos", 60, NO_SUMMER, "ng" },
    { "Africa/Nairobi", 180, NO_SUMMER, "ke" }, { "Africa/Windhoek", 120, NO_SUMMER, "na" }, { "Africa/Accra", 0, NO_SUMMER, "gh" },
    { "Africa/Tunis", 60, NO_SUMMER, "tn" }, { "Africa/Algiers", 60, NO_SUMMER, "dz" }, { "Africa/Casablanca", 60, NO_SUMMER, "ma" },
    { "America/New_York", -300, AMERICA, NULL }, { "America/Toronto", -300, AMERICA, NULL }, { "America/Chicago", -360, AMERICA, NULL },
    { "America/Denver", -420, AMERICA, NULL }, { "America/Los_Angeles", -480, AMERICA, NULL },
    { "America/Vancouver", -480, AMERICA, NULL }, { "America/Mexico_City", -360, NO_SUMMER, NULL },
    { "America/Bogota", -300, NO_SUMMER, "co" }, { "America/Lima", -300, NO_SUMMER, "pe" }, { "America/Caracas", -240, NO_SUMMER, "ve" },
    { "America/Santiago", -240, CHILE, "cl" }, { "America/Sao_Paulo", -180, NO_SUMMER, "br" },
    { "America/Argentina/Buenos_Aires", -180, NO_SUMMER, "ar" }, { "America/Montevideo", -180, NO_SUMMER, "uy" },
    { "America/La_Paz", -240, NO_SUMMER, "bo" }, { "America/Panama", -300, NO_SUMMER, "pa" },
    { "America/Costa_Rica", -360, NO_SUMMER, "cr" }, { "America/El_Salvador", -360, NO_SUMMER, "sv" },
    { "Australia/Sydney", 600, AUSTRALIA, NULL }, { "Australia/Melbourne", 600, AUSTRALIA, NULL },
    { "Australia/Brisbane", 600, NO_SUMMER, NULL }, { "Australia/Perth", 480, NO_SUMMER, NULL },
    { "Pacific/Auckland", 720, NEW_ZEALAND, "nz" }, { "UTC", 0, NO_SUMMER, NULL }, { "Etc/UTC", 0, NO_SUMMER, NULL },
    { "GMT", 0, NO_SUMMER, NULL },
};

/* The day of the nth (1..4; 0: last) Sunday of a month, as local seconds at its midnight. */
static int64_t sunday(int year, int month, int nth)
{
    int64_t first = date_days(year, month, 1);
    if (nth == 0) {
        int64_t next = month == 12 ? date_days(year + 1, 1, 1) : date_days(year, month + 1, 1);
        int64_t last = next - 1;
        return (last - (last + 4) % 7) * 86400;
    }
    int64_t weekday = (first + 4) % 7; /* 0 = Sunday */
    return (first + (7 - weekday) % 7 + 7 * (nth - 1)) * 86400;
}

static bool in_summer(enum rule rule, int minutes, int64_t local_s)
{
    time_t t = (time_t)local_s;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year < 70 || tm.tm_year > 400)
        return false;
    int y = tm.tm_year + 1900;
    switch (rule) {
    case EUROPE:
        return local_s >= sunday(y, 3, 0) + 3600 + minutes * 60 && local_s < sunday(y, 10, 0) + 7200 + minutes * 60;
    case AMERICA:
        return local_s >= sunday(y, 3, 2) + 7200 && local_s < sunday(y, 11, 1) + 7200;
    case AUSTRALIA:
        return local_s >= sunday(y, 10, 1) + 7200 || local_s < sunday(y, 4, 1) + 10800;
    case NEW_ZEALAND:
        return local_s >= sunday(y, 9, 0) + 7200 || local_s < sunday(y, 4, 1) + 10800;
    case CHILE:
        return local_s >= sunday(y, 9, 1) || local_s < sunday(y, 4, 1);
    case NO_SUMMER:
        break;
    }
    return false;
}

bool zone_offset(const char *zone, int64_t local_s, int *offset_min)
{
    int hours, minutes = 0;
    char sign;
    if (sscanf(zone, "%c%2d:%2d", &sign, &hours, &minutes) >= 2 && (sign == '+' || sign == '-')) {
        if (hours > 14 || minutes < 0 || minutes > 59)
            return false;
        *offset_min = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
        return true;
    }
    for (size_t i = 0; i < COUNT(zones); i++)
        if (strcasecmp(zone, zones[i].name) == 0) {
            *offset_min = zones[i].minutes + (in_summer(zones[i].rule, zones[i].minutes, local_s) ? 60 : 0);
            return true;
        }
    return false;
}

const char *zone_of_host(const char *host)
{
    const char *dot = strrchr(host, '.');
    for (size_t i = 0; dot && i < COUNT(zones); i++)
        if (zones[i].domain && strcasecmp(dot + 1, zones[i].domain) == 0)
            return zones[i].name;
    return NULL;
}
