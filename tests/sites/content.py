"""content.py - the words of the sample site: sentences of our own, in Vietnamese and English, with places to fill in.

An article is made from its number alone, so that the site, its truth and 2,000 more articles for the kill test are the
same on every machine. Nothing here is taken from a real paper.
"""
import random

PLACES = {
    "vi": ["Hà Nội", "Đà Nẵng", "Cần Thơ", "Huế", "Nha Trang", "Hải Phòng", "Đà Lạt", "Vinh", "Quy Nhơn", "Cà Mau",
           "Buôn Ma Thuột", "Hạ Long", "Sa Pa", "Phan Thiết", "Rạch Giá", "Đồng Hới"],
    "en": ["Northmere", "Calder Bay", "Ashford Vale", "Port Linden", "Eastmarch", "Holloway", "Brackenfell", "St Orrin",
           "Wexcombe", "Marlow Heights", "Tarrington", "Kestrel Point", "Dunmore Cross", "Old Harrow"],
}
PEOPLE = {
    "vi": ["Nguyễn Thu Hà", "Trần Quốc Bảo", "Lê Minh Khôi", "Phạm Ngọc Ánh", "Võ Hoàng Long", "Đặng Thùy Dương",
           "Bùi Xuân Trường", "Hồ Diệu Linh", "Phan Gia Huy", "Đỗ Khánh Vy", "Ngô Đức Thịnh", "Dương Hải Yến"],
    "en": ["Eleanor Whitlock", "Samuel Okafor", "Priya Raman", "Tomas Lindqvist", "Grace Abernathy", "Daniel Moreau",
           "Hannah Kowalski", "Marcus Bell", "Ines Carvalho", "Oliver Strand", "Ruth Adeyemi", "Leo Fontaine"],
}

# Each theme: path, section name, titles, standfirsts, sentences, subheadings. {p} a place, {q} another, {a} a person,
# {b} another, {n} {m} {k} numbers.
THEMES = {
    "vi": [
        {
            "path": "thoi-su", "section": "Thời sự",
            "titles": ["{p} mở lại cây cầu gỗ sau {n} tháng sửa chữa", "Người dân {p} góp {n} nghìn cuốn sách cho thư viện xóm",
                       "Chợ nổi {p} thử bán hàng bằng phiếu giấy trong {n} ngày", "Đoàn tàu đêm {p} - {q} thêm {n} toa giường nằm"],
            "leads": ["Sau nhiều lần lùi hạn, công trình được chờ đợi nhất của {p} cuối cùng cũng đón những vị khách đầu tiên vào sáng nay.",
                      "Chính quyền {p} cho biết kế hoạch mới sẽ được làm từng bước, bắt đầu từ {n} khu phố ở phía bắc."],
            "sentences": [
                "Theo ông {a}, người phụ trách công trình, phần khó nhất là giữ nguyên {n} trụ gỗ đã có từ thời ông nội ông.",
                "Bà {b}, chủ một quán nước gần đó, kể rằng trong {m} năm bà chưa từng thấy bến sông đông như vậy.",
                "Ngân sách được duyệt là {n} tỷ đồng, trong đó {m} phần trăm do các hộ kinh doanh ở {q} tự nguyện đóng góp.",
                "Đội thợ gồm {k} người làm việc theo ca, bắt đầu từ bốn giờ sáng để tránh cái nắng của mùa khô.",
                "Tại cuộc họp tổ dân phố hôm thứ Ba, {n} trên {m} hộ đã giơ tay đồng ý với phương án giữ lại hàng me cổ thụ.",
                "Một số người lo ngại xe tải từ {q} sẽ đi tắt qua đường làng, nhất là vào dịp cuối tuần.",
                "Ông {a} nói thêm rằng mọi khoản chi đều được dán ở nhà văn hóa, ai cũng có thể đến xem và hỏi.",
                "Trong tuần đầu, lực lượng dân phòng sẽ có mặt ở hai đầu cầu để hướng dẫn người đi bộ và người đi xe đạp.",
                "Những tấm ván cũ không bị bỏ đi mà được đóng thành {k} chiếc ghế dài, đặt dọc theo bờ sông.",
            ],
            "heads": ["Giữ lại nếp cũ", "Tiền từ đâu ra", "Những việc còn lại"],
        },
        {
            "path": "the-thao", "section": "Thể thao",
            "titles": ["Đội bơi {p} phá kỷ lục chặng {n} mét đã tồn tại {m} năm", "Giải chạy ven biển {p} có {n} nghìn người đăng ký",
                       "Câu lạc bộ cờ {p} thắng {q} sau ván đấu kéo dài {n} giờ"],
            "leads": ["Không ai ở khán đài tin vào bảng điện tử khi con số cuối cùng hiện ra, kể cả huấn luyện viên {a}.",
                      "Trời mưa từ sáng sớm nhưng các vận động viên của {p} vẫn có mặt đông đủ ở vạch xuất phát."],
            "sentences": [
                "Vận động viên {a} bứt lên ở {n} mét cuối cùng và về đích trước người đứng thứ hai đúng {k} giây.",
                "Huấn luyện viên {b} cho rằng chiến thắng này đến từ {m} tuần tập trên cao nguyên chứ không phải từ may mắn.",
                "Ở lượt trận trước, đội bóng đến từ {q} từng dẫn đến {k} điểm rồi để mất lợi thế trong hiệp cuối.",
                "Khán giả đứng kín hai bên đường, nhiều người mang theo trống và chiêng để cổ vũ.",
                "Ban tổ chức cho biết có {n} tình nguyện viên phát nước, khăn lạnh và chuối ở {k} trạm dọc đường.",
                "Sau trận đấu, {a} tặng lại đôi giày cho một cậu bé đã chờ ở hàng rào suốt {m} phút.",
                "Kết quả này đưa đội chủ nhà lên vị trí thứ {k} trên bảng xếp hạng, kém đội đầu bảng {m} điểm.",
                "Mùa giải tới, câu lạc bộ dự định mở thêm {k} lớp miễn phí cho trẻ em ở {p} và vùng lân cận.",
            ],
            "heads": ["Bước ngoặt ở chặng cuối", "Lời của người thua cuộc", "Lịch thi đấu sắp tới"],
        },
        {
            "path": "kinh-doanh", "section": "Kinh doanh",
            "titles": ["Giá cà phê ở {p} tăng tuần thứ {k} liên tiếp", "Xưởng gốm {p} nhận đơn hàng {n} nghìn chiếc bát",
                       "Hợp tác xã {p} bán {n} tấn xoài qua sàn trực tuyến"],
            "leads": ["Thương lái đến tận vườn từ tờ mờ sáng, còn người trồng thì vẫn chưa vội bán.",
                      "Từ một cơ sở chỉ có {k} người làm, xưởng nhỏ ở {p} nay phải thuê thêm nhà kho ở {q}."],
            "sentences": [
                "Chị {a}, chủ một vườn rộng {n} héc ta, cho biết mỗi ký bán ra hôm nay cao hơn tháng trước {m} nghìn đồng.",
                "Theo hiệp hội của tỉnh, lượng hàng tồn kho chỉ còn khoảng {n} nghìn tấn, thấp nhất trong {k} năm qua.",
                "Anh {b} tính rằng nếu giá giữ nguyên đến cuối vụ, gia đình anh sẽ trả xong khoản vay mua máy sấy.",
                "Chi phí vận chuyển từ {p} đến cảng {q} lại tăng thêm {m} phần trăm do thiếu xe lạnh.",
                "Ngân hàng địa phương mở gói vay {n} tỷ đồng với lãi suất ưu đãi trong {k} tháng đầu.",
                "Các nhà rang xay nhỏ đang chuyển sang mua trực tiếp của nông dân để bớt một khâu trung gian.",
                "Trước mắt, hợp tác xã khuyên bà con không trồng ồ ạt vì cây cần ít nhất {k} năm mới cho trái.",
                "Một khách hàng lâu năm ở nước ngoài đã đề nghị ký hợp đồng {m} tháng với mức giá cố định.",
            ],
            "heads": ["Vì sao giá tăng", "Nỗi lo của người trồng", "Đường đi của một đơn hàng"],
        },
        {
            "path": "van-hoa", "section": "Văn hóa",
            "titles": ["Đêm nhạc không điện ở {p} kín {n} chỗ ngồi", "Bảo tàng nhỏ nhất {p} trưng bày {n} chiếc chìa khóa cũ",
                       "Lớp học hát dân ca trên thuyền ở {p} đón học viên thứ {n}"],
            "leads": ["Ánh sáng duy nhất trong khán phòng là {n} ngọn nến do chính khán giả mang đến.",
                      "Người kể chuyện hôm nay không phải nghệ sĩ mà là một bác thợ đồng hồ đã nghỉ hưu ở {q}."],
            "sentences": [
                "Nghệ sĩ {a} nói rằng khi không có loa, người ta buộc phải lắng nghe nhau thật sự.",
                "Mỗi hiện vật đều kèm một mẩu giấy viết tay kể về ngôi nhà mà nó từng mở cửa.",
                "Bà {b} đã gom góp bộ sưu tập trong {m} năm, phần lớn từ những người hàng xóm chuyển đi xa.",
                "Vé vào cửa giá {k} nghìn đồng, riêng học sinh có thể trả bằng một câu chuyện.",
                "Chuyến lưu diễn tiếp theo sẽ ghé {p}, {q} và {k} làng nghề dọc theo con sông.",
                "Nhiều bạn trẻ cho biết đây là lần đầu họ nghe trọn một bài hát cổ dài hơn {m} phút.",
                "Ban tổ chức không bán đồ uống trong giờ diễn và đề nghị khán giả tắt điện thoại.",
                "Cuốn sổ lưu bút đặt ở cửa đã kín {n} trang chỉ sau hai buổi tối.",
            ],
            "heads": ["Những vị khách đặc biệt", "Một căn phòng, nhiều câu chuyện", "Sau đêm diễn"],
        },
    ],
    "en": [
        {
            "path": "local", "section": "Local",
            "titles": ["{p} reopens its tidal footpath after {n} months", "Residents of {p} vote to keep the night ferry",
                       "A bakery in {p} runs on sunshine for {n} days", "{p} library lends {n} bicycles in its first week"],
            "leads": ["The council had promised it for spring, then for summer; on a wet morning in {p} the gate finally swung open.",
                      "It took {k} public meetings and one very long petition, but the people of {p} have what they asked for."],
            "sentences": [
                "Engineer {a} said the hardest part was replacing {n} oak piles without disturbing the seagrass around them.",
                "{b}, who has sold tea beside the slipway for {m} years, expects twice as many walkers at weekends.",
                "The work cost {n} thousand pounds, of which {m} per cent came from small gifts and a raffle in {q}.",
                "A crew of {k} started before dawn each day so that the concrete could set between two tides.",
                "At the meeting on Tuesday {n} of {m} households backed the plan, and nobody spoke against the benches.",
                "Some drivers worry that lorries from {q} will use the lane as a short cut once the signs come down.",
                "Every invoice has been pinned up in the village hall, {a} added, and anyone may come in and read them.",
                "For the first fortnight wardens will stand at both ends to remind cyclists that walkers have right of way.",
                "The old planks have not been thrown away: {k} of them are now a long table outside the school.",
            ],
            "heads": ["Keeping the old timber", "Who paid for it", "What is still to do"],
        },
        {
            "path": "science", "section": "Science",
            "titles": ["Moth counts near {p} rise for the {k}th year", "Team in {p} maps {n} hidden springs with paper boats",
                       "A slow telescope in {p} finds {n} faint stars"],
            "leads": ["The instrument is older than anyone who uses it, and that, says {a}, is exactly why it works.",
                      "Volunteers in {p} spent {n} nights with a lamp, a sheet and a great deal of patience."],
            "sentences": [
                "Dr {a} and her colleagues compared {n} recordings made over {m} winters in the hills above {q}.",
                "The signal was so weak that {b} at first blamed a loose cable and took the receiver apart twice.",
                "Roughly {m} per cent of the samples had to be thrown away because of rain on the lens.",
                "The method needs nothing more than a bucket, a stopwatch and a map drawn to a scale of one to {n} thousand.",
                "Independent groups in {p} and {q} have repeated the measurement and come within {k} per cent of it.",
                "If the pattern holds, the valley would have lost far less water than the models of {k} years ago assumed.",
                "The data are free to use, and {b} hopes that schools will add their own readings next autumn.",
                "What the study cannot say is whether the change is lasting or simply the result of {k} mild winters.",
            ],
            "heads": ["How they measured it", "A doubt that remained", "Where it goes next"],
        },
        {
            "path": "business", "section": "Business",
            "titles": ["Rope maker in {p} hires {n} apprentices", "Orchard owners near {p} share one cold store and {n} lorries",
                       "Port of {p} handles its quietest month in {k} years"],
            "leads": ["For most of its history the firm employed {k} people, all of them related; now it advertises in {q}.",
                      "Nobody at the harbour wants to call it a slump, but the cranes of {p} have rarely stood so still."],
            "sentences": [
                "Managing director {a} said orders had grown by {m} per cent since the yard began to spin hemp again.",
                "Each apprentice will spend {k} months on the rope walk before touching one of the machines.",
                "The cooperative borrowed {n} thousand pounds and expects to repay it within {k} harvests.",
                "Freight from {p} to {q} now takes {m} hours longer because two bridges are closed to heavy traffic.",
                "{b}, who speaks for the smaller growers, called the arrangement the first fair one in a generation.",
                "Analysts had expected a fall of about {k} per cent, but the figures published on Friday were worse.",
                "The union has asked for a guarantee that none of the {n} jobs will move before the lease ends.",
                "Rents on the quay have slipped, and {k} workshops that stood empty last year are taken again.",
            ],
            "heads": ["An old trade returns", "The price of distance", "What the figures leave out"],
        },
        {
            "path": "culture", "section": "Culture",
            "titles": ["{p} choir sings {n} songs in the dark", "A museum of lost buttons opens in {p}",
                       "Puppeteers from {q} tour {n} villages on foot"],
            "leads": ["The programme was printed in Braille, the lamps stayed off, and {n} people forgot to look at their phones.",
                      "It fits into a shop that once sold umbrellas, and on the first day the queue reached the square of {p}."],
            "sentences": [
                "Conductor {a} wanted the audience to notice how a room changes when nobody can see who is singing.",
                "Each of the {n} objects comes with a card that says where it was found and what {b} thinks it belonged to.",
                "Admission is {k} pounds, or a button, and so far most visitors have paid with a button.",
                "The puppets weigh up to {m} kilograms and travel in a cart built by a retired wheelwright in {q}.",
                "Critics from the city came late, stayed long and wrote about little else for the rest of the week.",
                "The final piece lasts {m} minutes and has no words, only the sound of rain on an iron roof.",
                "A second season is planned for {p}, {q} and {k} towns that have lost their own theatres.",
                "The visitors' book was full after {k} evenings, so the curator has started to glue in extra pages.",
            ],
            "heads": ["A room without light", "Small things, long memories", "The road ahead"],
        },
    ],
}

CAPTIONS = {
    "vi": ["Quang cảnh tại {p} sáng nay. Ảnh: {a}", "Người dân tập trung từ sớm ở {q}. Ảnh: {a}", "Một góc {p} nhìn từ trên cao. Ảnh: {b}"],
    "en": ["The scene in {p} this morning. Photograph: {a}", "Visitors arriving from {q}. Photograph: {b}", "A corner of {p} seen from the hill. Photograph: {a}"],
}
LISTS = {
    "vi": ["Mở cửa từ {k} giờ sáng đến {m} phút sau khi mặt trời lặn", "Mỗi người được mang theo tối đa {k} món đồ", "Trẻ em dưới {m} tuổi cần có người lớn đi cùng", "Điểm gửi xe gần nhất nằm ở đường ven sông của {q}"],
    "en": ["Open from {k} in the morning until {m} minutes after sunset", "Each visitor may bring up to {k} items", "Children under {m} need to come with an adult", "The nearest place to leave a bicycle is by the river in {q}"],
}
QUOTES = {
    "vi": ["Tôi chỉ mong con cháu mình còn được nghe tiếng nước chảy dưới chân cầu này thêm {m} năm nữa.", "Nếu phải làm lại từ đầu, chúng tôi vẫn sẽ chọn con đường chậm hơn {k} tháng nhưng chắc chắn."],
    "en": ["I only hope that my grandchildren will still hear the water under these boards {m} years from now.", "If we had to start again we would choose the road that is {k} months slower and hold on to it."],
}

# Sentences that fit any story, so that no article says a thing twice.
COMMON = {
    "vi": ["Tin này lan đi nhanh đến mức điện thoại của văn phòng xã reo liên tục suốt {m} phút.",
           "Ở {q}, một nhóm sinh viên đã xin phép đến ghi hình để làm bài tập cuối kỳ.",
           "Cụ {b}, năm nay {m} tuổi, bảo rằng chuyện cũ kể lại lúc nào cũng dài hơn chuyện mới.",
           "Tính đến trưa nay, hộp thư góp ý đã nhận {n} lá thư, phần nhiều viết bằng bút chì.",
           "Quán ăn bên kia đường nấu thêm {k} nồi cháo vì biết khách sẽ ở lại đến khuya.",
           "Không phải ai cũng vui: {k} hộ ở đầu dốc vẫn chờ câu trả lời cho lá đơn gửi từ năm ngoái.",
           "Buổi tổng kết dự kiến diễn ra sau {k} tuần nữa, tại sân đình, nếu trời không mưa.",
           "Khi được hỏi có làm lại không, {a} chỉ cười và chỉ tay về phía đám đông."],
    "en": ["Word spread so quickly that the office telephone rang without a break for {m} minutes.",
           "A group of students from {q} asked for permission to film everything for their final project.",
           "{b}, who turned {m} this year, remarked that old stories are always longer than new ones.",
           "By noon the suggestion box held {n} letters, most of them written in pencil.",
           "The kitchen across the road cooked {k} extra pots of soup, expecting people to stay late.",
           "Not everyone is pleased: {k} families at the top of the hill still wait for an answer to last year's letter.",
           "A review is due in {k} weeks, in the open air if the weather allows it.",
           "Asked whether it would all be done again, {a} laughed and pointed at the crowd."],
}


class Words:
    """Fills sentences for one article: the same number always gives the same words."""

    def __init__(self, number, lang):
        self.random = random.Random("tidings-%s-%d" % (lang, number))
        self.lang = lang
        r = self.random
        self.p, self.q = r.sample(PLACES[lang], 2)
        self.a, self.b = r.sample(PEOPLE[lang], 2)

    def fill(self, sentence):
        r = self.random
        return sentence.format(p=self.p, q=self.q, a=self.a, b=self.b, n=r.randint(12, 480), m=r.randint(21, 95), k=r.randint(3, 19))

    def paragraphs(self, theme, count):
        sentences = theme["sentences"] + COMMON[self.lang]
        out = []
        for _ in range(min(count, len(sentences) // 2)):
            picked = [sentences.pop(self.random.randrange(len(sentences))) for _ in range(2)]
            out.append(" ".join(self.fill(s) for s in picked))
        return out


def article(number, lang):
    """One article's content, without layout: kind/text pairs in page order, and what the fields must be."""
    words = Words(number, lang)
    r = words.random
    theme = THEMES[lang][number % len(THEMES[lang])]
    title = words.fill(r.choice(theme["titles"]))
    title += {"vi": ", hồ sơ số %d", "en": ", file %d"}[lang] % number if number >= 1000 else ""
    body = [("paragraph", t) for t in words.paragraphs(theme, r.randint(5, 8))]
    heads = theme["heads"][:]
    r.shuffle(heads)
    body.insert(2, ("heading", heads[0]))
    if r.random() < 0.5:
        body.insert(4, ("quote", words.fill(r.choice(QUOTES[lang]))))
    if r.random() < 0.4:
        items = r.sample(LISTS[lang], 3)
        body[-1:-1] = [("list", words.fill(i)) for i in items]
    if len(body) > 9:
        body.insert(len(body) - 2, ("heading", heads[1]))
    return {
        "number": number, "lang": lang, "title": title, "section": theme["section"], "path": theme["path"],
        "lead": words.fill(r.choice(theme["leads"])), "body": body, "author": r.choice(PEOPLE[lang]),
        "caption": words.fill(r.choice(CAPTIONS[lang])), "tags": [words.p, theme["section"]],
    }
