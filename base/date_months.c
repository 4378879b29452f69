/* date_months.c - months by their names, in the languages of the pages that have them. */
#include "base/date_read.h"

#include <string.h>

/* English, German, French, Spanish, Catalan, Italian, Portuguese, Dutch, Danish, Norwegian, Swedish, Finnish, Polish, Czech, Slovak, Hungarian,
 * Romanian, Croatian, Slovene, Turkish, Greek, Russian, Ukrainian, Bulgarian, Serbian, Indonesian, Arabic, Persian, Hebrew, Hindi, Thai, Filipino. */
static const char *const month_words[12] = {
    " january jan januar jänner jaenner janvier janv enero ene gener gennaio gen janeiro januari tammikuuta tammikuu stycznia styczeń sty "
    "leden ledna led január januára jan janvári ianuarie ian siječnja siječanj sij januarja ocak oca ιανουαρίου ιανουάριος ιαν января январь янв "
    "січня січень січ януари јануар يناير كانون ژانویه ינואר בינואר जनवरी มกราคม ม.ค enero ",
    " february feb februar février fevrier févr fév febrero febr febrer febbraio fevereiro fev februari helmikuuta helmikuu lutego luty lut "
    "únor února úno február februára februarie veljače veljača velj februarja şubat şub φεβρουαρίου φεβρουάριος φεβ февраля февраль фев февр "
    "лютого лютий лют февруари фебруар فبراير شباط فوریه פברואר בפברואר फरवरी กุมภาพันธ์ ก.พ pebrero ",
    " march mar märz maerz mrz mär mars marzo març março marco maart mrt marts maaliskuuta maaliskuu marca marzec marzo březen března bře marec "
    "március márc martie ožujka ožujak ožu mart μαρτίου μάρτιος μαρ марта март мар березня березень бер مارس آذار מרץ במרץ मार्च มีนาคม มี.ค marso maret ",
    " april apr avril avr abril abr aprile huhtikuuta huhtikuu kwietnia kwiecień kwi duben dubna dub apríl apríla április ápr aprilie travnja "
    "travanj tra nisan nis απριλίου απρίλιος απρ апреля апрель апр квітня квітень кві април أبريل ابريل نيسان آوریل אפריל באפריל अप्रैल เมษายน เม.ย ",
    " may mai mayo maig maggio mag maio mei maj toukokuuta toukokuu maja květen května kvě máj mája május máj svibnja svibanj svi mayıs μαΐου "
    "μάιος μαϊ мая май травня травень тра мај مايو أيار مه מאי במאי मई พฤษภาคม พ.ค ",
    " june jun juni juin junio juny giugno giu junho kesäkuuta kesäkuu czerwca czerwiec cze červen června čvn jún júna június jún iunie iun "
    "lipnja lipanj lip junija haziran haz ιουνίου ιούνιος ιουν июня июнь июн червня червень чер юни јун يونيو يونيه حزيران ژوئن יוני ביוני जून มิถุนายน มิ.ย hunyo ",
    " july jul juli juillet juil julio juliol luglio lug julho heinäkuuta heinäkuu lipca lipiec lip červenec července čvc júl júla július iulie "
    "iul srpnja srpanj srp julija temmuz tem ιουλίου ιούλιος ιουλ июля июль июл липня липень юли јул يوليو يوليه تموز ژوئیه יולי ביולי जुलाई กรกฎาคม ก.ค hulyo ",
    " august aug août aout agosto ago agost agustus agt augustus augusti elokuuta elokuu sierpnia sierpień sie srpen srpna srp augusta augusztus augusztus "
    "kolovoza kolovoz kol avgusta avgust ağustos ağu αυγούστου αύγουστος αυγ августа август авг серпня серпень сер أغسطس آب اوت אוגוסט באוגוסט अगस्त สิงหาคม ส.ค ",
    " september sep sept septembre septiembre setiembre setembre settembre set setembro syyskuuta syyskuu września wrzesień wrz září zář "
    "szeptember szept septembrie rujna rujan ruj septembra eylül eyl σεπτεμβρίου σεπτέμβριος σεπ сентября сентябрь сен сент вересня вересень вер "
    "септември септембар سبتمبر أيلول سپتامبر ספטמבר בספטמבר सितंबर सितम्बर กันยายน ก.ย setyembre ",
    " october oct oktober okt octobre octubre ottobre ott outubro out lokakuuta lokakuu października październik paź říjen října říj október "
    "októbra octombrie listopada listopad lis oktobra ekim eki οκτωβρίου οκτώβριος οκτ октября октябрь окт жовтня жовтень жов октомври октобар "
    "أكتوبر اكتوبر تشرين اکتبر אוקטובר באוקטובר अक्टूबर ตุลาคม ต.ค oktubre ",
    " november nov novembre noviembre novembro marraskuuta marraskuu studenoga studeni stu noiembrie noi novembra kasım kas νοεμβρίου νοέμβριος "
    "νοε ноября ноябрь ноя нояб листопада листопад лис ноември новембар نوفمبر نوامبر נובמבר בנובמבר नवंबर नवम्बर พฤศจิกายน พ.ย nobyembre ",
    " december dec dezember dez décembre decembre déc diciembre dic desembre dicembre dezembro desember des joulukuuta joulukuu grudnia grudzień "
    "gru prosinec prosince pro decembra decembrie prosinca prosinac aralık ara δεκεμβρίου δεκέμβριος δεκ декабря декабрь дек грудня грудень "
    "гру декември децембар ديسمبر دسامبر דצמבר בדצמבר दिसंबर दिसम्बर ธันวาคม ธ.ค disyembre ",
};

/* After "tháng": một … mười hai. */
static int vietnamese_number(struct cursor *c)
{
    static const char *const names[] = { " một ", " hai ", " ba ", " tư ", " năm ", " sáu ", " bảy ", " tám ", " chín ", " mười " };
    char w[DATE_WORD_BYTES];
    struct cursor k = *c;

    cursor_space(&k);
    if (!cursor_word(&k, w))
        return 0;
    for (int i = 0; i < 10; i++) {
        if (strcmp(w, names[i]) != 0)
            continue;
        struct cursor more = k;
        cursor_space(&more);
        if (i == 9 && cursor_word(&more, w) && (strcmp(w, names[0]) == 0 || strcmp(w, names[1]) == 0)) {
            *c = more;
            return strcmp(w, names[0]) == 0 ? 11 : 12;
        }
        *c = k;
        return i + 1;
    }
    return 0;
}

/* Reads a month by name; 0 when none stands here. */
int date_month_name(struct cursor *c)
{
    char w[DATE_WORD_BYTES];
    struct cursor k = *c;
    int n, digits;

    if (!cursor_word(&k, w))
        return 0;
    if (strcmp(w, " tháng ") == 0 || strcmp(w, " thg ") == 0 || strcmp(w, " th ") == 0 || strcmp(w, " thang ") == 0) {
        int month = vietnamese_number(&k);
        if (!month) {
            cursor_space(&k);
            month = cursor_number(&k, 2, &n, &digits) && n <= 12 ? n : 0;
        }
        if (month)
            *c = k;
        return month;
    }
    for (int i = 0; i < 12; i++) {
        if (date_listed(month_words[i], w)) {
            cursor_literal(&k, ".");
            *c = k;
            return i + 1;
        }
    }
    return 0;
}
