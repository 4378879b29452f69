/* date_months.c - months by their names, in the languages of the pages that have them. */
#include "base/date_read.h"

#include <string.h>

/* Names, genitives and abbreviations in some sixty languages, one list a month. Where two languages call different months by one name, the one
 * with more readers has it: listopada is November (Polish, Czech), not October (Croatian, but see date_forms.c); lip is July, srp August. */
static const char *const month_words[12] = {
    " january jan januar jänner jaenner janvier janv enero ene gener gennaio gen janeiro januari tammikuuta tammikuu stycznia styczeń "
    "sty leden ledna led január januára jan janvári ianuarie ian siječnja siječanj sij januarja ocak oca ιανουαρίου ιανουάριος ιαν "
    "января январь янв січня січень січ януари јануар يناير كانون ژانویه ינואר בינואר जनवरी มกราคม ม.ค enero januarie janúar jaanuar "
    "sausio sausis janvāris janvārī janar yanvar қаңтар xaneiro urtarrila urtarrilak urtarrilaren ionawr eanáir studzień студзеня "
    "студзень জানুয়ারি জানুয়ারী ஜனவரி జనవరి जानेवारी જાન્યુઆરી ಜನವರಿ ജനുവരി جنوری հունվարի հունվար იანვარი មករា ",
    " february feb februar février fevrier févr fév febrero febr febrer febbraio fevereiro fev februari helmikuuta helmikuu lutego "
    "luty lut únor února úno február februára februarie veljače veljača velj februarja şubat şub φεβρουαρίου φεβρουάριος φεβ февраля "
    "февраль фев февр лютого лютий лют февруари фебруар فبراير شباط فوریه פברואר בפברואר फरवरी กุมภาพันธ์ ก.พ pebrero febrúar "
    "veebruar vasario vasaris februāris februārī shkurt fevral ақпан febreiro otsaila otsailak otsailaren chwefror feabhra лютага "
    "люты ফেব্রুয়ারি ফেব্রুয়ারী பிப்ரவரி ఫిబ్రవరి फेब्रुवारी ફેબ્રુઆરી ಫೆಬ್ರವರಿ ഫെബ്രുവരി فروری փետրվարի փետրվար თებერვალი កុម្ភៈ ",
    " march mar märz maerz mrz mär mars marzo març março marco maart mrt marts maaliskuuta maaliskuu marca marzec marzo březen března "
    "bře marec március márc martie ožujka ožujak ožu mart μαρτίου μάρτιος μαρ марта март мар березня березень бер مارس آذار מרץ במרץ "
    "मार्च มีนาคม มี.ค marso maret mac machi märts kovo kovas martā наурыз martxoa martxoak martxoaren mawrth márta сакавіка сакавік "
    "মার্চ மார்ச் మార్చి માર્ચ ಮಾರ್ಚ್ മാർച്ച് مارچ մարտի մարտ მარტი មីនា ",
    " april apr avril avr abril abr aprile huhtikuuta huhtikuu kwietnia kwiecień kwi duben dubna dub apríl apríla április ápr aprilie "
    "travnja travanj tra nisan nis απριλίου απρίλιος απρ апреля апрель апр квітня квітень кві април أبريل ابريل نيسان آوریل אפריל "
    "באפריל अप्रैल เมษายน เม.ย aprill balandžio balandis aprīlis aprīlī prill aprel сәуір apirila apirilak apirilaren ebrill aibreán "
    "aprili красавіка красавік এপ্রিল ஏப்ரல் ఏప్రిల్ एप्रिल એપ્રિલ ಏಪ್ರಿಲ್ ഏപ്രിൽ اپریل ապրիլի ապրիլ აპრილი មេសា ",
    " may mai mayo maig maggio mag maio mei maj toukokuuta toukokuu maja květen května kvě máj mája május máj svibnja svibanj svi "
    "mayıs μαΐου μάιος μαϊ мая май травня тра мај مايو أيار مه מאי במאי मई พฤษภาคม พ.ค maí gegužės gegužė maijs maijā мамыр maiatza "
    "maiatzak maiatzaren bealtaine траўня মে மே మే મે ಮೇ മേയ് مئی մայիսի մայիս მაისი ឧសភា травень ",
    " june jun juni juin junio juny giugno giu junho kesäkuuta kesäkuu czerwca czerwiec cze červen června čvn jún júna június jún "
    "iunie iun lipnja lipanj junija haziran haz ιουνίου ιούνιος ιουν июня июнь июн червня червень чер юни јун يونيو يونيه حزيران ژوئن "
    "יוני ביוני जून มิถุนายน มิ.ย hunyo junie júní juuni birželio birželis jūnijs jūnijā qershor iyun маусым xuño ekaina ekainak "
    "ekainaren mehefin meitheamh чэрвеня чэрвень জুন ஜூன் జూన్ જૂન ಜೂನ್ ജൂൺ جون հունիսի հունիս ივნისი មិថុនា ",
    " july jul juli juillet juil julio juliol luglio lug julho heinäkuuta heinäkuu lipca lipiec lip červenec července čvc júl júla "
    "július iulie iul srpnja srpanj julija temmuz tem ιουλίου ιούλιος ιουλ июля июль июл липня липень юли јул يوليو يوليه تموز ژوئیه "
    "יולי ביולי जुलाई กรกฎาคม ก.ค hulyo julie júlí juuli liepos liepa jūlijs jūlijā korrik iyul шілде xullo uztaila uztailak "
    "uztailaren gorffennaf iúil julai ліпеня ліпень জুলাই ஜூலை జూలై जुलै જુલાઈ ಜುಲೈ ജൂലൈ جولائی հուլիսի հուլիս ივლისი កក្កដា ",
    " august aug août aout agosto ago agost agustus agt augustus augusti elokuuta elokuu sierpnia sierpień sie srpen srpna srp "
    "augusta augusztus augusztus kolovoza kolovoz kol avgusta avgust ağustos ağu αυγούστου αύγουστος αυγ августа август авг серпня "
    "серпень сер أغسطس آب اوت אוגוסט באוגוסט अगस्त สิงหาคม ส.ค ágúst rugpjūčio rugpjūtis augusts augustā gusht avqust тамыз abuztua "
    "abuztuak abuztuaren awst lúnasa ogos agosti жніўня жнівень আগস্ট ஆகஸ்ட் ఆగస్టు ऑगस्ट ઑગસ્ટ ಆಗಸ್ಟ್ ഓഗസ്റ്റ് اگست օգոստոսի օգոստոս "
    "აგვისტო សីហា ",
    " september sep sept septembre septiembre setiembre setembre settembre set setembro syyskuuta syyskuu września wrzesień wrz září "
    "zář szeptember szept septembrie rujna rujan ruj septembra eylül eyl σεπτεμβρίου σεπτέμβριος σεπ сентября сентябрь сен сент "
    "вересня вересень вер септември септембар سبتمبر أيلول سپتامبر ספטמבר בספטמבר सितंबर सितम्बर กันยายน ก.ย setyembre septembris "
    "septembrī rugsėjo rugsėjis shtator sentyabr қыркүйек iraila irailak irailaren medi septemba верасня верасень সেপ্টেম্বর "
    "செப்டம்பர் సెప్టెంబర్ सप्टेंबर સપ્ટેમ્બર ಸೆಪ್ಟೆಂಬರ್ സെപ്റ്റംബർ ستمبر սեպտեմբերի սեպտեմբեր სექტემბერი កញ្ញា ",
    " october oct oktober okt octobre octubre ottobre ott outubro out lokakuuta lokakuu października październik paź říjen října říj "
    "október októbra octombrie oktobra ekim eki οκτωβρίου οκτώβριος οκτ октября октябрь окт жовтня жовтень жов октомври октобар "
    "أكتوبر اكتوبر تشرين اکتبر אוקטובר באוקטובר अक्टूबर ตุลาคม ต.ค oktubre oktoober spalio spalis oktobris oktobrī tetor oktyabr "
    "қазан urria urriak urriaren hydref oktoba кастрычніка кастрычнік অক্টোবর அக்டோபர் అక్టోబర్ ऑक्टोबर ઑક્ટોબર ಅಕ್ಟೋಬರ್ ഒക്ടോബർ "
    "اکتوبر հոկտեմբերի հոկտեմբեր ოქტომბერი តុលា ",
    " november nov novembre noviembre novembro marraskuuta marraskuu studenoga studeni stu noiembrie noi novembra kasım kas νοεμβρίου "
    "νοέμβριος νοε ноября ноябрь ноя нояб листопада листопад лис ноември новембар نوفمبر نوامبر נובמבר בנובמבר नवंबर नवम्बर พฤศจิกายน "
    "พ.ย nobyembre lapkričio lapkritis novembris novembrī nëntor noyabr қараша azaroa azaroak azaroaren tachwedd samhain novemba "
    "лістапада лістапад listopada listopadu listopad lis নভেম্বর நவம்பர் నవంబర్ नोव्हेंबर નવેમ્બર ನವೆಂಬರ್ നവംബർ نومبر նոյեմբերի "
    "նոյեմբեր ნოემბერი វិច្ឆិកា ",
    " december dec dezember dez décembre decembre déc diciembre dic desembre dicembre dezembro desember des joulukuuta joulukuu "
    "grudnia grudzień gru prosinec prosince pro decembra decembrie prosinca prosinac aralık ara δεκεμβρίου δεκέμβριος δεκ декабря "
    "декабрь дек грудня грудень гру декември децембар ديسمبر دسامبر דצמבר בדצמבר दिसंबर दिसम्बर ธันวาคม ธ.ค disyembre detsember "
    "gruodžio gruodis decembris decembrī dhjetor dekabr желтоқсан abendua abenduak abenduaren rhagfyr nollaig disember desemba снежня "
    "снежань ডিসেম্বর டிசம்பர் డిసెంబర్ डिसेंबर ડિસેમ્બર ಡಿಸೆಂಬರ್ ഡിസംബർ دسمبر դեկտեմբերի դեկտեմբեր დეკემბერი ធ្នូ ",
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

/* Months of the Levant are told by a second word: كانون الأول and الثاني, تشرين الأول and الثاني. w is the first. */
static int levantine_month(struct cursor *c, const char *w)
{
    bool kanun = strcmp(w, " كانون ") == 0;
    char next[DATE_WORD_BYTES];
    struct cursor k = *c;

    if (!kanun && strcmp(w, " تشرين ") != 0)
        return 0;
    cursor_space(&k);
    if (!cursor_word(&k, next))
        return 0;
    bool first = strcmp(next, " الأول ") == 0 || strcmp(next, " الاول ") == 0;
    if (!first && strcmp(next, " الثاني ") != 0)
        return 0;
    *c = k;
    return kanun ? (first ? 12 : 1) : first ? 10 : 11;
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
    int month = levantine_month(&k, w);
    if (month) {
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
