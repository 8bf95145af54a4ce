// What card fields are called, in the languages that shops speak, and what else is called so. In comes nothing; out goes a
// table of patterns over normalised text: lower case, without accents (also Greek ones, and without its final sigma), words apart by single
// spaces. What browsers know by these and other names stands in page/names.js.
"use strict";
(() => {
  const any = (...patterns) => new RegExp(patterns.join("|"), "u");

  // Latin words begin and end at a space; other scripts have none.
  const word = (pattern) => `(?:^|[^a-z0-9])(?:${pattern})(?:$|[^a-z0-9])`;

  const number = any(
    word("(?:card|cc|credit ?card|debit ?card|payment ?card)(?: holder)? ?(?:number|num|no|nr|nbr|digits)"),
    word("card ?#|ccn|credit ?card|cardnum(?:ber)?|number (?:of|on) (?:the )?card|cc ?number|acct ?cardnumber"),
    // As a program's name; with more words beside it, it is a tax number.
    "^pan$",
    word("(?:karten|kreditkarten|kredit ?karten?)[ -]?(?:nummer|nr|no)|kreditkarte|kartennr|nummer der karte"),
    word("(?:numero|n|no|num) (?:de |de la |de votre )?carte(?: bancaire| de credit| bleue)?|carte (?:bancaire|de credit)"),
    word("numero (?:de |de la |de tu )?tarjeta(?: de (?:credito|debito))?|num tarjeta|tarjeta de credito"),
    word("(?:numero|n) (?:della |di )?carta(?: di credito)?|carta di credito"),
    word("(?:numero|n|num) (?:do |de )?cartao(?: de credito)?|cartao de credito"),
    word("(?:kaart|creditcard|credit ?kaart)[ -]?(?:nummer|nr)"),
    word("(?:kort|kredittkort|kreditkort|betalingskort|betalkort)[ -]?(?:nummer|nr)|kortin numero|korttinumero"),
    word("(?:numer|nr) karty|(?:cislo|c) karty|kartya ?szam|numar(?:ul)? card(?:ului)?|kart (?:numarasi|no)"),
    word("korteles numeris|kartes numurs|(?:broj|stevilka|cislo|numeris|numurs) (?:platobnej |kreditne |kredytne )?(?:kartice|karty|karte|korteles|kartes)|kaardi ?number"),
    word("so (?:the|tren the)(?: tin dung)?|nomor kartu(?: kredit)?|no kartu|nombor kad|numero ng card"),
    "αριθμοσ (?:τησ |πιστωτικησ |χρεωστικησ )*καρτασ|αρ καρτασ|πιστωτικη καρτα",
    "номер карты|номер картки|номер на карта|номер на картата|број картице|หมายเลขบัตร|कार्ड नंबर|कार्ड संख्या|شماره کارت|カード番号|クレジットカード|卡号|卡號|信用卡|银行卡|카드 ?번호|رقم البطاقة|מספר כרטיס",
  );

  const name = any(
    word("(?:name|names) (?:as (?:it )?(?:appears|shown|printed) )?(?:on|of) (?:the |your )?(?:credit |debit )?card"),
    word("name as (?:it )?(?:appears|shown|printed) on (?:the |your )?card"),
    word("card ?(?:holder|owner|member)(?: s)?(?: ?(?:full ?)?name)?|(?:cc|card)(?: full)? ?name|name ?on ?card|holder ?name|cc ?holder|nameoncard"),
    word("(?:karten|kreditkarten)[ -]?inhaber(?:in)?|name (?:auf|des) (?:der )?karte(?:ninhabers)?|inhaber(?:in)? der karte"),
    word("(?:nom (?:du )?)?titulaire(?: de la carte)?|nom (?:sur|figurant sur|inscrit sur) la carte|porteur de la carte"),
    word("(?:nombre (?:del )?)?titular(?: de la tarjeta)?|nombre (?:en|de|que figura en) la tarjeta|nome (?:do )?titular(?: do cartao)?"),
    word("intestatario(?: della)?(?: carta)?|titolare(?: della)? carta|nome (?:sulla|della) carta"),
    word("nome (?:impresso |escrito )?(?:no|do) cartao|naam (?:op|van) (?:de )?kaart(?:houder)?|kaarthouder"),
    word("kort(?:holder|innehaver|haver|inneh)[a-z]*|navn pa (?:kort|kortet)|namn pa kortet|kortin ?haltija[a-z]*|nimi kortissa"),
    word("(?:imie i nazwisko )?(?:posiadacz[a-z]*|wlasciciel[a-z]*)(?: karty)?|imie i nazwisko na karcie|(?:jmeno )?drzitel[a-z]* karty"),
    word("kart (?:sahibi[a-z]*|uzerindeki (?:isim|ad)[a-z ]*)|kartyabirtokos[a-z ]*|kartyan szereplo nev|titularul cardului"),
    word("ime (?:i prezime )?(?:vlasnika|nositelja|imetnika)(?: kartice)?|imetnik kartice|korteles savininkas|ten (?:chu the|tren the)|nama (?:pemegang|pemilik|di) kartu|nama pada kad"),
    "ονομα(?:τεπωνυμο)? (?:κατοχου|στην καρτα|οπωσ αναγραφεται|τησ? καρτασ)|κατοχο[συ] ?(?:τησ )?(?:καρτασ)?|ονοματεπωνυμο στην καρτα",
    "име (?:на )?(?:картодържател|притежател|върху карта)|име власника картице|ชื่อ(?:บน|ผู้ถือ)บัตร|कार्ड ?धारक|नाम कार्ड|نام دارنده کارت",
    "(?:имя|фамилия|владелец|держатель|владельца|держателя)[ а-я]*карт|名義人|カード名義|持卡人|카드 ?소유자|카드 ?명의|اسم حامل البطاقة|שם בעל הכרטיס",
  );

  const given = any(word("(?:card ?holder|cc|card|name on card) ?(?:first|given|f)[ -]?name"), word("(?:first|given) ?name (?:on|of) (?:the )?card"));
  const family = any(word("(?:card ?holder|cc|card|name on card) ?(?:last|family|l)[ -]?name|(?:card ?holder|cc|card) ?surname"), word("(?:last|family) ?name (?:on|of) (?:the )?card"));

  const exp = any(
    word("exp(?:ir[ey]s?|iry|iration|\\.)?(?: ?(?:date|dt|on|month ?year))?|(?:card|cc) ?exp[a-z]*|valid (?:thru|through|until|till|to)|good (?:thru|through)|expdate|ccexp"),
    word("ablauf(?:datum)?|verfall(?:s?datum)?|gultig(?:keit)? ?bis|gultigkeit|gueltig ?bis"),
    word("(?:date )?d ?expiration|date (?:de )?(?:fin de )?validite|fin de validite|expire (?:fin|le)|validite"),
    word("(?:fecha )?(?:de )?(?:vencimiento|caducidad|expiracion)|valid[ea]z? hasta|caduca"),
    word("(?:data )?(?:di )?scadenza|valida fino al?|(?:data )?(?:de )?(?:validade|vencimento|expiracao)|valido ate"),
    word("verval(?:datum)?|geldig tot|utlops?(?:dato)?|udlobs?(?:dato)?|utgang(?:sdatum|en)?|giltig(?:t|hetstid)?(?: (?:till|tom|t o m))?|gyldig til|voimassa(?:olo)?[a-z]*"),
    word("(?:data )?waznosci|wazna do|platnost(?: do| karty)?|ervenyes(?:seg)?[a-z]*|lejarat[a-z]*|data expirarii|son kullanma(?: tarihi)?|skt"),
    word("vrijedi do|velja do|datum (?:isteka|poteka|izteka)|platnost do|galioja iki|deriga lidz|kehtib kuni|kehtivus|ngay het han|het han|masa berlaku|kadaluwarsa|tarikh luput|tamat tempoh"),
    "ημερομηνια ληξησ|ημ(?:νια|/νια)? ληξησ|ληξη|ληγει|ισχυει (?:εωσ|μεχρι)",
    "валидна до|валидност|важи до|истиче|วันหมดอายุ|หมดอายุ|समाप्ति|वैधता|تاریخ انقضا|انقضا",
    "срок(?: действия)?|действ(?:ует|ительна) до|термін дії|有効期限|有效期|到期|유효 ?기간|만료|تاريخ الانتهاء|תוקף",
  );

  const monthWord = any(word("month|mon|mm|m|monat|mois|mes|mese|maand|maned|manad|miesiac|mesic|honap|luna|ay|kuukausi"), "месяц|місяць|месец|μηνασ|月|월|الشهر|חודש|เดือน|महीना|ماه", "(?:^| )μμ(?:$| )");
  const yearWord = any(word("year|yr|yy|yyyy|y|aa|aaaa|jj|jjjj|jahr|annee|an|ano|anno|jaar|ar|rok|ev|yil|vuosi"), "год|рік|ετοσ|χρονοσ|年|년|السنة|שנה|ปี|वर्ष|سال", "(?:^| )(?:εε|εεεε)(?:$| )");

  const csc = any(
    word("(?:card )?(?:cvc|cvv|cvn|csc|cvd|cid|ccv|cav|cvcv|c v c|c v v)[ -]?(?:2|code|number|no|num)?"),
    word("card code|sec(?:urity)? ?code|securitycode"),
    word("(?:sicherheits|pruf|karten ?pruf|pruef|kartenpruef)[ -]?(?:code|nummer|ziffer|zahl|nr)"),
    word("cryptogramme(?: visuel)?|code (?:de )?securite|codigo (?:de )?(?:seguridad|seguranca)|cod seguridad"),
    word("codice (?:di )?sicurezza|veiligheids ?code|sik(?:ker)?hed?s? ?kode|sakerhetskod|sikkerhetskode|turva(?:koodi|luku)"),
    word("kod (?:bezpieczenstwa|zabezpieczajacy|cvv2?|cvc2?)|bezpecnostni kod|biztonsagi kod|guvenlik kodu|cod(?:ul)? de securitate"),
    word("sigurnosni (?:kod|broj)|varnostna koda|kontrolni broj|saugos kodas|drosibas kods|turvakood|ma (?:bao mat|cvv)|kode keamanan|kod keselamatan"),
    "κωδικοσ ασφαλειασ|κωδικοσ (?:επαληθευσησ|ελεγχου) (?:τησ )?καρτασ",
    "код за сигурност|сигурносни код|รหัสความปลอดภัย|सुरक्षा कोड|کد امنیتی",
    "код безопасности|セキュリティ ?コード|安全[码碼]|보안 ?코드|رمز الأمان|קוד אבטחה",
  );

  // Words for a card's code, and as often for one that comes by message, or for a number on a document.
  const check = any(
    word("(?:security|verification) (?:code|number|value|digits)"),
    word("code (?:de )?verification|codigo (?:de )?(?:verificacion|verificacao)|codice (?:di )?verifica|controle(?:code|getal|nummer)"),
    "код проверки",
  );
  const card = any("card|karte|carte|tarjeta|carta|kaart|kort|kart|карт|καρτ|カード|卡|카드|บัตร|कार्ड|کارت", word("cc"));

  // Fields that look like a card's and are none.
  const otherCard = any(
    word("gift|voucher|coupon|promo(?:tion)?(?:al)?|discount|reward[s]?|loyalty|bonus|points?|miles|member(?:ship)?|club|store ?credit|store card|frequent|flyer|traveller|advantage"),
    word("librar(?:y|ies)|student|business|sim|graphic[s]?|report|score ?card|id ?card|identity|insurance|health|medicare|residence|fleet|fuel|transit|travel ?card|green ?card|payback"),
    word("geschenk(?:karte|gutschein)?[a-z]*|gutschein[a-z]*|kunden(?:karte)?[a-z]*|bonuskarte[a-z]*|ausweis[a-z]*|versicher[a-z]*|bahncard|rabatt[a-z]*"),
    word("cadeau[x]?|fidelite|avantage|reduction|vitale|identite|regalo|fidelidad|puntos|socio|fedelta|buono|sconto|presente|fidelidade|desconto|vale|cadeaukaart[a-z]*|klantenkaart[a-z]*"),
    word("gavekort[a-z]*|presentkort[a-z]*|lahjakortti[a-z]*|upominkow[a-z]*|podarunkow[a-z]*|lojalnosci[a-z]*|stalego klienta|darkov[a-z]*|hediye"),
    "δωροκαρτα|δωροεπιταγη|εκπτωτικ|καρτα (?:μελουσ|πιστοτητασ)|επιβραβευσ",
    "подарочн|бонусн|скидочн|карты лояльности|ギフト|ポイント|会員|礼品|會員|会员|积分|기프트|상품권|회원",
  );
  const other = any(
    word("(?:tele)?phone|tel|mobile|cell(?:ular)?|fax|handy(?:nummer)?|telefon[a-z]*|telefono|movil|celular|rufnummer"),
    word("pan card|permanent account|payout"),
    word("iban|bic|swift|sort ?code|routing|aba|account (?:number|no|nr)|kontonummer|bankleitzahl|blz|rekeningnummer|numero de compte|numero de cuenta|clabe|bank ?account|sepa"),
    word("search|query|suche[n]?|recherche|buscar|cerca|zoek(?:en)?|szukaj|keyword|captcha"),
    word("e ?mail|address|adresse|direccion|indirizzo|street|city|zip|postal|postcode|plz|user(?:name)?|login|password|passwort|passphrase|pin|url|website"),
    word("otp|one ?time|sms|2fa|mfa|tan|passcode|authenticator|passport|reisepass|licen[cs]e|visa number|driver[s]?|ssn|social security|tax|vat|ust|steuer[a-z]*|cpf|cnpj|nif|dni|curp|rfc|national id"),
    word("birth(?:day|date)?|dob|geburt[a-z]*|naissance|nacimiento|nascita|invoice|order (?:number|no|id)|tracking|reference|rechnung[a-z]*|quantity|qty|amount|betrag|comment[s]?|message|serial"),
    word("last (?:4|four)|(?<!(?:first|second|third|fourth|1st|2nd|3rd|4th) )(?:4|four) (?:last )?digits|letzte[n]? (?:4|vier)|(?:4|quatre) derniers|ultim[oa]s (?:4|cuatro|quatro)|ultime (?:4|quattro)|first (?:6|six)"),
    word("recipient|beneficiary|receiver|empfanger[a-z]*|destinat[a-z]*|payee|transfer to|card to|friend"),
    "τηλεφων|κινητο|αναζητησ|διευθυνσ|ταχυδρομικ|αφμ|διαβατηρι|λογαριασμ|γεννησ|κωδικοσ προσβασησ",
    "телефон|поиск|получател|паспорт|電話|检索|搜索|郵便|전화|검색",
  );

  // Parts of a number in a row of fields: "Card number, first four digits block", and the like.
  const block = any(
    word("(?:first|second|third|fourth|last|1st|2nd|3rd|4th) (?:(?:4|four) (?:digits? )?)?(?:digits?|block|group|part|segment|quarter|box|field)"),
    word("(?:block|group|part|segment|box|field|digits) ?(?:[1-4]|one|two|three|four)(?: of (?:4|four))?"),
    word("(?:erste|zweite|dritte|vierte|letzte)[rns]? (?:4|vier|vierer)[a-z ]*|(?:premiers?|deuxiemes?|troisiemes?|quatriemes?) (?:4|quatre) chiffres"),
  );

  // Text as the patterns want it: card_number, cardNumber and "Card  Number*" are one.
  function normalise(text) {
    return String(text ?? "")
      .slice(0, 300)
      .normalize("NFKC")
      .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2")
      .normalize("NFD")
      .replace(/(?<=[\p{Script=Latin}\p{Script=Greek}])\p{M}+/gu, "")
      .normalize("NFC")
      .toLowerCase()
      .replace(/ß/g, "ss").replace(/ł/g, "l").replace(/ø/g, "o").replace(/æ/g, "ae").replace(/ı/g, "i").replace(/ς/g, "σ")
      .replace(/[^\p{L}\p{M}\d#]+/gu, " ")
      .trim();
  }

  globalThis.tesseraPage ??= {};
  globalThis.tesseraPage.words = { number, name, given, family, exp, monthWord, yearWord, csc, check, card, otherCard, other, block, normalise };
})();
