/*
 * Names of people who never lived: family names are made up or very rare, and
 * are paired with given names by chance, a few hundred pairs in each script.
 */
#include "phantom/internal.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* --- ASCII --------------------------------------------------------------- */

static const struct pacs_ph_name ascii_family[] = {
    {.alphabetic = "Ambercombe"},  {.alphabetic = "Birchmallow"},
    {.alphabetic = "Candlewick"},  {.alphabetic = "Dovetrick"},
    {.alphabetic = "Elmsworthy"},  {.alphabetic = "Fennimarsh"},
    {.alphabetic = "Gorsefield"},  {.alphabetic = "Hollowbrook"},
    {.alphabetic = "Inkpennel"},   {.alphabetic = "Juniperley"},
    {.alphabetic = "Kettlethorn"}, {.alphabetic = "Larkenshaw"},
    {.alphabetic = "Mossingham"},  {.alphabetic = "Nettlecroft"},
    {.alphabetic = "O'Quillan"},   {.alphabetic = "Pebblewright"},
    {.alphabetic = "Quarrendon"},  {.alphabetic = "Rookswell"},
    {.alphabetic = "Saltmeadow"},  {.alphabetic = "Thistlebury"},
};
static const struct pacs_ph_name ascii_female[] = {
    {.alphabetic = "Adela"},  {.alphabetic = "Briony"},
    {.alphabetic = "Clara"},  {.alphabetic = "Dorothea"},
    {.alphabetic = "Esther"}, {.alphabetic = "Flora"},
    {.alphabetic = "Gwen"},   {.alphabetic = "Harriet"},
    {.alphabetic = "Imogen"}, {.alphabetic = "Josephine"},
};
static const struct pacs_ph_name ascii_male[] = {
    {.alphabetic = "Alban"},  {.alphabetic = "Bertram"},
    {.alphabetic = "Cyril"},  {.alphabetic = "Desmond"},
    {.alphabetic = "Edmund"}, {.alphabetic = "Fergus"},
    {.alphabetic = "Giles"},  {.alphabetic = "Hector"},
    {.alphabetic = "Ivo"},    {.alphabetic = "Jasper"},
};
static const char *const ascii_hospitals[] = {
    "Phantom General Hospital", "Shepp and Logan Infirmary",
    "Test Pattern Clinic", "Imaginary Road Medical Centre"};

/* --- ISO 8859-1 ---------------------------------------------------------- */

static const struct pacs_ph_name latin1_family[] = {
    {.alphabetic = "Ährenfelder"},  {.alphabetic = "Brückenthal"},
    {.alphabetic = "Côteneuve"},    {.alphabetic = "Dørbakken"},
    {.alphabetic = "Éclairmont"},   {.alphabetic = "Fjällströmmer"},
    {.alphabetic = "Grünwiesner"},  {.alphabetic = "Håndvikstad"},
    {.alphabetic = "Íñarritúbal"},  {.alphabetic = "Jägerlöh"},
    {.alphabetic = "Königsmöhr"},   {.alphabetic = "Lærkedal"},
    {.alphabetic = "Möwenbüttel"},  {.alphabetic = "Nuñezabal"},
    {.alphabetic = "Öresjöberg"},   {.alphabetic = "Pérezuela"},
    {.alphabetic = "Quintãozinho"}, {.alphabetic = "Rüßbacher"},
    {.alphabetic = "Sørlundgård"},  {.alphabetic = "Þórisdælingur"},
    {.alphabetic = "Überreuther"},  {.alphabetic = "Vêtclair"},
};
static const struct pacs_ph_name latin1_female[] = {
    {.alphabetic = "Anaïs"},  {.alphabetic = "Björg"},
    {.alphabetic = "Céline"}, {.alphabetic = "Dörte"},
    {.alphabetic = "Élodie"}, {.alphabetic = "Françoise"},
    {.alphabetic = "Gülsüm"}, {.alphabetic = "Hélène"},
    {.alphabetic = "Inês"},   {.alphabetic = "Käthe"},
    {.alphabetic = "Märta"},  {.alphabetic = "Zoë"},
};
static const struct pacs_ph_name latin1_male[] = {
    {.alphabetic = "André"},  {.alphabetic = "Bengt-Åke"},
    {.alphabetic = "César"},  {.alphabetic = "Göran"},
    {.alphabetic = "Håkon"},  {.alphabetic = "Jérôme"},
    {.alphabetic = "João"},   {.alphabetic = "Jürgen"},
    {.alphabetic = "Matías"}, {.alphabetic = "René"},
    {.alphabetic = "Søren"},  {.alphabetic = "Þorvaldur"},
};
static const char *const latin1_hospitals[] = {
    "Klinikum Möwenbüttel", "Hôpital de l'Île Fantôme",
    "Hospital del Niño Imaginario", "Øresjöberg Sjukhus"};

/* --- beyond ISO 8859-1, for UTF-8 ---------------------------------------- */

static const struct pacs_ph_name wide_family[] = {
    {.alphabetic = "Březohájek", .alphabetic_f = "Březohájková"},
    {.alphabetic = "Černolískal", .alphabetic_f = "Černolískalová"},
    {.alphabetic = "Dębogórzewski", .alphabetic_f = "Dębogórzewska"},
    {.alphabetic = "Gwiżdżyński", .alphabetic_f = "Gwiżdżyńska"},
    {.alphabetic = "Őszilevelky"},
    {.alphabetic = "Šarūnėlis", .alphabetic_f = "Šarūnėlytė"},
    {.alphabetic = "Țărmureanu"},
    {.alphabetic = "Yıldızgölü"},
    {.alphabetic = "Žvaigždžius", .alphabetic_f = "Žvaigždžiūtė"},
    {.alphabetic = "Đặnghoa"},
    {.alphabetic = "Yunhe", .ideographic = "雲河"},
    {.alphabetic = "Ximen", .ideographic = "西門"},
};
static const struct pacs_ph_name wide_female[] = {
    {.alphabetic = "Agnieška"},
    {.alphabetic = "Božena"},
    {.alphabetic = "Çiğdem"},
    {.alphabetic = "Łucja"},
    {.alphabetic = "Žofie"},
    {.alphabetic = "Ngọc Ánh"},
    {.alphabetic = "Meiyu", .ideographic = "美玉"},
};
static const struct pacs_ph_name wide_male[] = {
    {.alphabetic = "Bořivoj"},
    {.alphabetic = "Çağlar"},
    {.alphabetic = "Džiugas"},
    {.alphabetic = "Łukasz"},
    {.alphabetic = "Ștefăniță"},
    {.alphabetic = "Đức Minh"},
    {.alphabetic = "Jianming", .ideographic = "建明"},
};
static const char *const wide_hospitals[] = {
    "Nemocnice Březový Háj", "Szpital Złudzeń", "Hayalî Şifa Hastanesi",
    "幻影綜合醫院"};

/* --- Japanese ------------------------------------------------------------ */

/* Short, since some readers count bytes, escapes included, against the limit of
 * 64 characters; and without characters whose JIS bytes look like "\\", "^" or
 * "=", which some take for that. */
static const struct pacs_ph_name japanese_family[] = {
    {"Yukino", "雪野", "ゆきの", NULL},  {"Minase", "水瀬", "みなせ", NULL},
    {"Yumeno", "夢野", "ゆめの", NULL},  {"Kazami", "風見", "かざみ", NULL},
    {"Hoshimi", "星見", "ほしみ", NULL}, {"Kirie", "霧江", "きりえ", NULL},
    {"Tsukimi", "月見", "つきみ", NULL}, {"Morine", "森音", "もりね", NULL},
    {"Nijino", "虹野", "にじの", NULL},  {"Namine", "波音", "なみね", NULL},
    {"Kumoi", "雲井", "くもい", NULL},   {"Shiraki", "白樹", "しらき", NULL},
    {"Suzune", "鈴音", "すずね", NULL},  {"Awase", "泡瀬", "あわせ", NULL},
    {"Himi", "氷見", "ひみ", NULL},      {"Hanae", "花江", "はなえ", NULL},
    {"Tsukise", "月瀬", "つきせ", NULL}, {"Yukie", "雪江", "ゆきえ", NULL},
    {"Kirino", "霧野", "きりの", NULL},  {"Kagemi", "影見", "かげみ", NULL},
    {"Hoshie", "星江", "ほしえ", NULL},  {"Gensuno", "幻野", "げんの", NULL},
};
static const struct pacs_ph_name japanese_female[] = {
    {"Aoi", "葵", "あおい", NULL},      {"Chihiro", "千尋", "ちひろ", NULL},
    {"Hanako", "花子", "はなこ", NULL}, {"Kaori", "香織", "かおり", NULL},
    {"Misaki", "美咲", "みさき", NULL}, {"Natsuko", "夏子", "なつこ", NULL},
    {"Sakura", "桜", "さくら", NULL},   {"Yukiko", "雪子", "ゆきこ", NULL},
    {"Kaede", "楓", "かえで", NULL},    {"Akane", "茜", "あかね", NULL},
};
static const struct pacs_ph_name japanese_male[] = {
    {"Daichi", "大地", "だいち", NULL}, {"Ichiro", "一郎", "いちろう", NULL},
    {"Kenta", "健太", "けんた", NULL},  {"Ryota", "亮太", "りょうた", NULL},
    {"Takeshi", "武", "たけし", NULL},  {"Hiroshi", "洋", "ひろし", NULL},
    {"Itsuki", "樹", "いつき", NULL},   {"Tsubasa", "翼", "つばさ", NULL},
    {"Kai", "海", "かい", NULL},
};
static const char *const japanese_hospitals[] = {
    "幻影総合病院", "霧島模擬医療センター", "架空大学附属病院",
    "花森クリニック"};

/* --- Korean -------------------------------------------------------------- */

static const struct pacs_ph_name korean_family[] = {
    {"Namgung", "南宮", "남궁", NULL},  {"Hwangbo", "皇甫", "황보", NULL},
    {"Jegal", "諸葛", "제갈", NULL},    {"Seonu", "鮮于", "선우", NULL},
    {"Dokgo", "獨孤", "독고", NULL},    {"Sagong", "司空", "사공", NULL},
    {"Dongbang", "東方", "동방", NULL}, {"Seomun", "西門", "서문", NULL},
    {"Unhae", "雲海", "운해", NULL},    {"Seolsan", "雪山", "설산", NULL},
    {"Wolgang", "月江", "월강", NULL},  {"Hwalim", "花林", "화림", NULL},
};
static const struct pacs_ph_name korean_female[] = {
    {"Miseon", "美善", "미선", NULL},   {"Myeonghui", "明姬", "명희", NULL},
    {"Sujin", "秀珍", "수진", NULL},    {"Hyeran", "惠蘭", "혜란", NULL},
    {"Jieun", "智恩", "지은", NULL},    {"Eunha", "銀河", "은하", NULL},
    {"Yeongsuk", "英淑", "영숙", NULL}, {"Gayeong", "佳英", "가영", NULL},
};
static const struct pacs_ph_name korean_male[] = {
    {"Yeongsu", "英秀", "영수", NULL},   {"Jeongho", "正浩", "정호", NULL},
    {"Dongcheol", "東哲", "동철", NULL}, {"Sangmin", "相民", "상민", NULL},
    {"Taeho", "泰浩", "태호", NULL},     {"Haeseong", "海星", "해성", NULL},
    {"Gwangsik", "光植", "광식", NULL},  {"Jaeil", "在一", "재일", NULL},
};
static const char *const korean_hospitals[] = {
    "환영종합병원", "가상대학교병원", "설산의료원", "운해영상의학과의원"};

/* --- Cyrillic ------------------------------------------------------------ */

static const struct pacs_ph_name cyrillic_family[] = {
    {.alphabetic = "Берёзовражин", .alphabetic_f = "Берёзовражина"},
    {.alphabetic = "Васильковцев", .alphabetic_f = "Васильковцева"},
    {.alphabetic = "Грозовлянский", .alphabetic_f = "Грозовлянская"},
    {.alphabetic = "Дождевицын", .alphabetic_f = "Дождевицына"},
    {.alphabetic = "Ежевичников", .alphabetic_f = "Ежевичникова"},
    {.alphabetic = "Журавлинский", .alphabetic_f = "Журавлинская"},
    {.alphabetic = "Звездарёв", .alphabetic_f = "Звездарёва"},
    {.alphabetic = "Инейкин", .alphabetic_f = "Инейкина"},
    {.alphabetic = "Клюквоборов", .alphabetic_f = "Клюквоборова"},
    {.alphabetic = "Лунозёров", .alphabetic_f = "Лунозёрова"},
    {.alphabetic = "Мохоболотов", .alphabetic_f = "Мохоболотова"},
    {.alphabetic = "Облаченко"},
    {.alphabetic = "Пеноморский", .alphabetic_f = "Пеноморская"},
    {.alphabetic = "Туманоречьев", .alphabetic_f = "Туманоречьева"},
    {.alphabetic = "Чернолужин", .alphabetic_f = "Чернолужина"},
    {.alphabetic = "Щеглоягодин", .alphabetic_f = "Щеглоягодина"},
};
static const struct pacs_ph_name cyrillic_female[] = {
    {.alphabetic = "Алёна"},   {.alphabetic = "Вера"},
    {.alphabetic = "Дарья"},   {.alphabetic = "Зинаида"},
    {.alphabetic = "Людмила"}, {.alphabetic = "Надежда"},
    {.alphabetic = "Ольга"},   {.alphabetic = "Эльвира"},
    {.alphabetic = "Юлия"},    {.alphabetic = "Ярослава"},
};
static const struct pacs_ph_name cyrillic_male[] = {
    {.alphabetic = "Арсений"},  {.alphabetic = "Борис"},
    {.alphabetic = "Всеволод"}, {.alphabetic = "Глеб"},
    {.alphabetic = "Ефим"},     {.alphabetic = "Захар"},
    {.alphabetic = "Игорь"},    {.alphabetic = "Мирон"},
    {.alphabetic = "Семён"},    {.alphabetic = "Фёдор"},
};
static const char *const cyrillic_hospitals[] = {
    "Больница Призрачная", "Клиника Туманный Берег",
    "Областной фантомный центр", "Поликлиника № 0"};

/* --- Greek --------------------------------------------------------------- */

static const struct pacs_ph_name greek_family[] = {
    {.alphabetic = "Αστροφεγγίδης", .alphabetic_f = "Αστροφεγγίδου"},
    {.alphabetic = "Βροχοπούλλης", .alphabetic_f = "Βροχοπούλλη"},
    {.alphabetic = "Γαλανοκυμάτης", .alphabetic_f = "Γαλανοκυμάτη"},
    {.alphabetic = "Δροσοπηγάκης", .alphabetic_f = "Δροσοπηγάκη"},
    {.alphabetic = "Ελαιοκλάδης", .alphabetic_f = "Ελαιοκλάδη"},
    {.alphabetic = "Ηλιοχώρης", .alphabetic_f = "Ηλιοχώρη"},
    {.alphabetic = "Θυμαρονήσης", .alphabetic_f = "Θυμαρονήση"},
    {.alphabetic = "Κυπαρισσώνης", .alphabetic_f = "Κυπαρισσώνη"},
    {.alphabetic = "Λιβαδοστέφης", .alphabetic_f = "Λιβαδοστέφη"},
    {.alphabetic = "Μελισσόβραχος", .alphabetic_f = "Μελισσοβράχου"},
    {.alphabetic = "Ομιχλάκης", .alphabetic_f = "Ομιχλάκη"},
    {.alphabetic = "Ροδακρίτης", .alphabetic_f = "Ροδακρίτη"},
    {.alphabetic = "Συννεφίδης", .alphabetic_f = "Συννεφίδου"},
    {.alphabetic = "Ψαμμουδάκης", .alphabetic_f = "Ψαμμουδάκη"},
};
static const struct pacs_ph_name greek_female[] = {
    {.alphabetic = "Αθηνά"},   {.alphabetic = "Δήμητρα"},
    {.alphabetic = "Ειρήνη"},  {.alphabetic = "Καλλιόπη"},
    {.alphabetic = "Μυρτώ"},   {.alphabetic = "Ουρανία"},
    {.alphabetic = "Φωτεινή"}, {.alphabetic = "Χλόη"},
};
static const struct pacs_ph_name greek_male[] = {
    {.alphabetic = "Άγγελος"},  {.alphabetic = "Γεώργιος"},
    {.alphabetic = "Ηρακλής"},  {.alphabetic = "Ιάσονας"},
    {.alphabetic = "Λεωνίδας"}, {.alphabetic = "Νικόλαος"},
    {.alphabetic = "Σπύρος"},   {.alphabetic = "Φοίβος"},
};
static const char *const greek_hospitals[] = {
    "Νοσοκομείο Φαντάσματος", "Κλινική Ομίχλης", "Ιατρικό Κέντρο Ουτοπίας",
    "Γενικό Νοσοκομείο Ονείρων"};

#define TABLE(term, script)                                            \
	{                                                              \
		term, script##_family, script##_female, script##_male, \
		    COUNT(script##_family), COUNT(script##_female),    \
		    COUNT(script##_male), script##_hospitals           \
	}

const struct pacs_ph_names pacs_ph_name_tables[] = {
    TABLE("ISO_IR 100", latin1),
    TABLE("\\ISO 2022 IR 87", japanese),
    TABLE("\\ISO 2022 IR 149", korean),
    TABLE("ISO_IR 144", cyrillic),
    TABLE("ISO_IR 126", greek),
    TABLE("ISO_IR 192", wide),
    TABLE("", ascii),
    {NULL, NULL, NULL, NULL, 0, 0, 0, NULL},
};
