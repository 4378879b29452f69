/* date_words.h - what date.c knows by name. Words are in lower case, separated and surrounded by spaces; forms that only
 * grammar tells apart (January's, in January) stand beside each other. */
#ifndef BASE_DATE_WORDS_H
#define BASE_DATE_WORDS_H

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

/* What may stand between the parts of a date, and between a date and its time. */
static const char between_words[] =
    " of de del d' of the den der dem le el la di da van năm ngày ngay tháng an year rok roku р г. г года року of year ";
static const char time_words[] =
    " t at um à a las los às ás as alle ore ora om kl klo kello lúc luc hồi vào saat saati godz godzina o ob u в о у pukul jam ve h noon στις ώρα ngày on "
    "le den pada tanggal час время heure heures hrs ist uhr klokken klockan in the time เวลา الساعة ساعت בשעה alas ";

static const struct { const char *name; short minutes; } zone_words[] = {
    { "z", 0 }, { "utc", 0 }, { "gmt", 0 }, { "ut", 0 }, { "wet", 0 }, { "west", 60 }, { "bst", 60 }, { "cet", 60 }, { "cest", 120 },
    { "mez", 60 }, { "mesz", 120 }, { "eet", 120 }, { "eest", 180 }, { "msk", 180 }, { "мск", 180 }, { "trt", 180 }, { "sast", 120 },
    { "cat", 120 }, { "wat", 60 }, { "eat", 180 }, { "gst", 240 }, { "irst", 210 }, { "pkt", 300 }, { "ist", 330 }, { "npt", 345 },
    { "ict", 420 }, { "wib", 420 }, { "wita", 480 }, { "wit", 540 }, { "sgt", 480 }, { "hkt", 480 }, { "pht", 480 }, { "pst8pdt", -480 },
    { "myt", 480 }, { "awst", 480 }, { "jst", 540 }, { "kst", 540 }, { "aest", 600 }, { "aedt", 660 }, { "acst", 570 }, { "acdt", 630 },
    { "nzst", 720 }, { "nzdt", 780 }, { "ast", -240 }, { "adt", -180 }, { "est", -300 }, { "edt", -240 }, { "cst", -360 }, { "cdt", -300 },
    { "mst", -420 }, { "mdt", -360 }, { "pst", -480 }, { "pdt", -420 }, { "akst", -540 }, { "akdt", -480 }, { "hst", -600 }, { "brt", -180 },
    { "art", -180 }, { "clt", -240 }, { "cot", -300 }, { "pet", -300 },
};

/* Zones of North America that leave summer time to the reader. */
static const struct { const char *name; short minutes; } us_zone_words[] = { { "et", -300 }, { "ct", -360 }, { "mt", -420 }, { "pt", -480 } };

#endif
