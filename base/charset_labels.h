/* charset_labels.h - the labels of the WHATWG Encoding standard (4.2, "Names and labels") and the encodings they mean; a
 * table for charset.c. "replacement" is left out: its labels count as unknown. VISCII and TCVN are ours. */
#ifndef BASE_CHARSET_LABELS_H
#define BASE_CHARSET_LABELS_H

enum charset_form { FORM_UTF8, FORM_UTF16LE, FORM_UTF16BE, FORM_SINGLE, FORM_MULTI, FORM_USER };

struct encoding {
    const char *name;   /* lower case */
    enum charset_form form;
    const char *iconv;  /* glibc's name */
    const char *labels; /* separated and surrounded by spaces */
};

static const struct encoding encodings[] = {
    { "utf-8", FORM_UTF8, NULL, " utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 " },
    { "windows-1252", FORM_SINGLE, "CP1252", " windows-1252 cp1252 x-cp1252 ascii us-ascii ansi_x3.4-1968 iso-8859-1 iso8859-1 iso88591 iso_8859-1 "
      "iso_8859-1:1987 iso-ir-100 l1 latin1 latin-1 ibm819 cp819 csisolatin1 " },
    { "utf-16le", FORM_UTF16LE, NULL, " utf-16le utf-16 unicode ucs-2 iso-10646-ucs-2 csunicode unicodefeff " },
    { "utf-16be", FORM_UTF16BE, NULL, " utf-16be unicodefffe " },
    { "windows-1258", FORM_SINGLE, "CP1258", " windows-1258 cp1258 x-cp1258 " },
    { "viscii", FORM_SINGLE, "VISCII", " viscii viscii1.1-1 csviscii x-viet-viscii " },
    { "tcvn", FORM_SINGLE, "TCVN", " tcvn tcvn3 tcvn-3 tcvn-5712 tcvn5712 tcvn5712-1 tcvn5712-1:1993 x-viet-tcvn x-viet-tcvn5712 x-viet-tcvn3 " },
    { "windows-1250", FORM_SINGLE, "CP1250", " windows-1250 cp1250 x-cp1250 " },
    { "windows-1251", FORM_SINGLE, "CP1251", " windows-1251 cp1251 x-cp1251 " },
    { "windows-1253", FORM_SINGLE, "CP1253", " windows-1253 cp1253 x-cp1253 " },
    { "windows-1254", FORM_SINGLE, "CP1254", " windows-1254 cp1254 x-cp1254 csisolatin5 iso-8859-9 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 "
      "iso-ir-148 l5 latin5 " },
    { "windows-1255", FORM_SINGLE, "CP1255", " windows-1255 cp1255 x-cp1255 " },
    { "windows-1256", FORM_SINGLE, "CP1256", " windows-1256 cp1256 x-cp1256 " },
    { "windows-1257", FORM_SINGLE, "CP1257", " windows-1257 cp1257 x-cp1257 " },
    { "windows-874", FORM_SINGLE, "CP874", " windows-874 dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 " },
    { "iso-8859-2", FORM_SINGLE, "ISO-8859-2", " iso-8859-2 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 iso-ir-101 l2 latin2 csisolatin2 " },
    { "iso-8859-3", FORM_SINGLE, "ISO-8859-3", " iso-8859-3 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 iso-ir-109 l3 latin3 csisolatin3 " },
    { "iso-8859-4", FORM_SINGLE, "ISO-8859-4", " iso-8859-4 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 iso-ir-110 l4 latin4 csisolatin4 " },
    { "iso-8859-5", FORM_SINGLE, "ISO-8859-5", " iso-8859-5 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988 iso-ir-144 cyrillic csisolatincyrillic " },
    { "iso-8859-6", FORM_SINGLE, "ISO-8859-6", " iso-8859-6 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987 iso-ir-127 arabic asmo-708 ecma-114 "
      "csiso88596e csiso88596i csisolatinarabic iso-8859-6-e iso-8859-6-i " },
    { "iso-8859-7", FORM_SINGLE, "ISO-8859-7", " iso-8859-7 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 iso-ir-126 greek greek8 ecma-118 elot_928 "
      "sun_eu_greek csisolatingreek " },
    { "iso-8859-8", FORM_SINGLE, "ISO-8859-8", " iso-8859-8 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 iso-8859-8-e iso-ir-138 hebrew visual "
      "csiso88598e csisolatinhebrew " },
    { "iso-8859-8-i", FORM_SINGLE, "ISO-8859-8", " iso-8859-8-i csiso88598i logical " },
    { "iso-8859-10", FORM_SINGLE, "ISO-8859-10", " iso-8859-10 iso8859-10 iso885910 iso-ir-157 l6 latin6 csisolatin6 " },
    { "iso-8859-13", FORM_SINGLE, "ISO-8859-13", " iso-8859-13 iso8859-13 iso885913 " },
    { "iso-8859-14", FORM_SINGLE, "ISO-8859-14", " iso-8859-14 iso8859-14 iso885914 " },
    { "iso-8859-15", FORM_SINGLE, "ISO-8859-15", " iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 csisolatin9 " },
    { "iso-8859-16", FORM_SINGLE, "ISO-8859-16", " iso-8859-16 " },
    { "ibm866", FORM_SINGLE, "CP866", " ibm866 866 cp866 csibm866 " },
    { "koi8-r", FORM_SINGLE, "KOI8-R", " koi8-r koi koi8 koi8_r cskoi8r " },
    { "koi8-u", FORM_SINGLE, "KOI8-RU", " koi8-u koi8-ru " },
    { "macintosh", FORM_SINGLE, "MACINTOSH", " macintosh mac x-mac-roman csmacintosh " },
    { "x-mac-cyrillic", FORM_SINGLE, "MAC-UK", " x-mac-cyrillic x-mac-ukrainian " },
    { "gb18030", FORM_MULTI, "GB18030", " gb18030 gbk gb2312 gb_2312 gb_2312-80 chinese csgb2312 csiso58gb231280 iso-ir-58 x-gbk " },
    { "big5", FORM_MULTI, "BIG5-HKSCS", " big5 big5-hkscs cn-big5 csbig5 x-x-big5 " },
    { "euc-jp", FORM_MULTI, "EUC-JP-MS", " euc-jp x-euc-jp cseucpkdfmtjapanese " },
    { "iso-2022-jp", FORM_MULTI, "ISO-2022-JP", " iso-2022-jp csiso2022jp " },
    { "shift_jis", FORM_MULTI, "CP932", " shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis " },
    { "euc-kr", FORM_MULTI, "CP949", " euc-kr cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 " },
    { "x-user-defined", FORM_USER, NULL, " x-user-defined " },
};

#endif
