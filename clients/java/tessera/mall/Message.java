package tessera.mall;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Messages as bytes and as maps of texts ("mti", and fields by their numbers), and their MAC. */
final class Message {
    private Message() {}

    // Every field with its packing and length: docs/protocol.md, "Packing".
    // made: java
    private static final String FIELDS =
            "2 LN19 3 N6 4-6 N12 7 N10 8-10 N8 11-12 N6 13-18 N4 19-24 N3 25-26 N2 27 N1 "
            + "28-31 A9 32-33 LN11 34 LC28 35 TRACK37 36 LLC104 37 C12 38 C6 39 C2 40 C3 41 C8 "
            + "42 C15 43 C40 44 LC25 45 LC76 46-48 LLC999 49-51 C3 52 B8 53 N16 54 LLC120 55 LLB999 "
            + "56-63 LLC999 64 B8 66 N1 67 N2 68-70 N3 71-72 N4 73 N6 74-81 N10 82-85 N12 86-89 N16 "
            + "90 N42 91 C1 92 C2 93 C6 94 C7 95 C42 96 B16 97 A17 98 C25 99-100 LN11 "
            + "101 LC17 102-103 LC28 104 LLC100 105-127 LLC999 128 B8 ";
    // end

    private record Packing(String kind, int most) {}

    private static final Packing[] TABLE = new Packing[129];

    static {
        var rows = Pattern.compile("(\\d+)(?:-(\\d+))? ([A-Z]+)(\\d+)").matcher(FIELDS);
        while (rows.find()) {
            int first = Integer.parseInt(rows.group(1));
            int last = rows.group(2) == null ? first : Integer.parseInt(rows.group(2));
            Arrays.fill(TABLE, first, last + 1, new Packing(rows.group(3), Integer.parseInt(rows.group(4))));
        }
    }

    private static final Map<String, Integer> PREFIX_BYTES = Map.of("LN", 1, "TRACK", 1, "LC", 1, "LLC", 2, "LLB", 2);
    private static final Map<String, String> ALPHABETS = Map.of(
            "N", "\\d+", "LN", "\\d+", "A", "[CD]\\d+", "TRACK", "[\\d=]+", "B", "([0-9a-f]{2})*", "LLB", "([0-9a-f]{2})*");

    /** A message or a value that does not follow the packing. */
    public static final class FormatException extends IOException {
        FormatException(String what) { super(what); }
    }

    /** The first eight bytes of the AES-CMAC: the last block of a CBC whose last block is changed by a subkey. */
    private static byte[] mac(byte[] covered, String key) {
        boolean whole = covered.length > 0 && covered.length % 16 == 0;
        byte[] padded = Arrays.copyOf(covered, whole ? covered.length : (covered.length / 16 + 1) * 16);
        if (!whole) padded[covered.length] = (byte) 0x80;
        byte[] subkey = twice(lastOfCbc(new byte[16], key));
        if (!whole) subkey = twice(subkey);
        for (int at = 0; at < 16; at++) padded[padded.length - 16 + at] ^= subkey[at];
        return Arrays.copyOf(lastOfCbc(padded, key), 8);
    }

    private static byte[] lastOfCbc(byte[] bytes, String key) {
        try {
            Cipher cipher = Cipher.getInstance("AES/CBC/NoPadding");
            var secret = new SecretKeySpec(HexFormat.of().parseHex(key), "AES");
            cipher.init(Cipher.ENCRYPT_MODE, secret, new IvParameterSpec(new byte[16]));
            return Arrays.copyOfRange(cipher.doFinal(bytes), bytes.length - 16, bytes.length);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalArgumentException("a MAC key has 32 hexadecimal digits", impossible);
        }
    }

    private static byte[] twice(byte[] block) {
        byte[] shifted = new byte[16];
        for (int at = 0; at < 16; at++) shifted[at] = (byte) (block[at] << 1 | (at < 15 ? (block[at + 1] & 255) >> 7 : 0));
        if (block[0] < 0) shifted[15] ^= (byte) 0x87;
        return shifted;
    }

    /** A message as bytes, without its length; with a MAC unless the key is null. */
    static byte[] pack(Map<String, String> message, String key) throws FormatException {
        var fields = new TreeMap<Integer, String>();
        message.forEach((name, value) -> { if (!name.equals("mti")) fields.put(Integer.valueOf(name), value); });
        boolean hasMore = fields.lastKey() > 64;
        if (key != null) fields.put(hasMore ? 128 : 64, "00".repeat(8));
        byte[] bitmap = new byte[hasMore ? 16 : 8];
        if (hasMore) bitmap[0] = (byte) 0x80;
        byte[] body = {};
        for (var field : fields.entrySet()) {
            bitmap[(field.getKey() - 1) / 8] |= (byte) (0x80 >> (field.getKey() - 1) % 8);
            body = join(body, packField(field.getKey(), field.getValue()));
        }
        byte[] packed = join(join(HexFormat.of().parseHex(message.get("mti")), bitmap), body);
        if (key == null) return packed;
        byte[] covered = Arrays.copyOf(packed, packed.length - 8);
        return join(covered, mac(covered, key));
    }

    private static byte[] packField(int number, String value) throws FormatException {
        Packing packing = TABLE[number];
        if (packing == null) throw new FormatException("field " + number + " does not exist");
        int most = packing.most;
        if (!Pattern.matches(ALPHABETS.getOrDefault(packing.kind, "[\\x00-\\xff]*"), value)) {
            throw new FormatException("field " + number + ": not in its alphabet");
        }
        boolean isBytes = Set.of("B", "LLB").contains(packing.kind);
        int length = isBytes ? value.length() / 2 : value.length();
        if (length > most || Set.of("A", "B").contains(packing.kind) && length < most) {
            throw new FormatException("field " + number + ": length " + length + ", not " + most);
        }
        byte[] body = switch (packing.kind) {
            case "N" -> HexFormat.of().parseHex("0".repeat(most + most % 2 - length) + value);
            case "A" -> join(latin(value.substring(0, 1)), HexFormat.of().parseHex(value.substring(1)));
            case "LN", "TRACK" -> HexFormat.of().parseHex(value.replace('=', 'd') + "0".repeat(length % 2));
            case "C" -> latin(value + " ".repeat(most - length));
            default -> isBytes ? HexFormat.of().parseHex(value) : latin(value);
        };
        int prefix = PREFIX_BYTES.getOrDefault(packing.kind, 0);
        return prefix == 0 ? body : join(HexFormat.of().parseHex(("%0" + 2 * prefix + "d").formatted(length)), body);
    }

    private static byte[] latin(String text) { return text.getBytes(StandardCharsets.ISO_8859_1); }

    /** The fields of a message. Throws FormatException unless every byte follows the packing. */
    static Map<String, String> parse(byte[] message) throws FormatException {
        var reader = new Reader(message);
        var fields = new TreeMap<>(Map.of("mti", reader.digits(2)));
        byte[] bitmap = reader.take(8);
        if (bitmap[0] < 0) bitmap = join(bitmap, reader.take(8));
        for (int number = 2; number <= bitmap.length * 8; number++) {
            if ((bitmap[(number - 1) / 8] & 0x80 >> (number - 1) % 8) != 0) fields.put("" + number, reader.field(number));
        }
        if (reader.place < message.length) throw new FormatException(message.length - reader.place + " bytes left over");
        return fields;
    }

    /** The fields of a message that has the MAC of the key, unless that is null. */
    static Map<String, String> verified(byte[] message, String key) throws FormatException {
        var fields = parse(message);
        if (key == null) return fields;
        byte[] covered = Arrays.copyOf(message, message.length - 8);
        byte[] found = Arrays.copyOfRange(message, message.length - 8, message.length);
        boolean has = fields.containsKey(message[2] < 0 ? "128" : "64");
        if (!has || !MessageDigest.isEqual(mac(covered, key), found)) throw new FormatException("a missing or wrong MAC");
        return fields;
    }

    private static final class Reader {
        private final byte[] message;
        private int place;

        Reader(byte[] message) { this.message = message; }

        byte[] take(int count) throws FormatException {
            if (count > message.length - place) throw new FormatException(count + " bytes needed at byte " + place);
            place += count;
            return Arrays.copyOfRange(message, place - count, place);
        }

        String hex(int count) throws FormatException { return HexFormat.of().formatHex(take(count)); }

        String digits(int count) throws FormatException {
            String text = hex(count);
            if (!text.matches("\\d*")) throw new FormatException("a nibble above 9 before byte " + place);
            return text;
        }

        String field(int number) throws FormatException {
            Packing packing = TABLE[number];
            if (packing == null) throw new FormatException("field " + number + " does not exist");
            int prefix = PREFIX_BYTES.getOrDefault(packing.kind, 0), most = packing.most;
            int length = prefix == 0 ? most : Integer.parseInt(digits(prefix));
            if (length > most) throw new FormatException("field " + number + ": length " + length + " above " + most);
            switch (packing.kind) {
                case "N":
                    String padded = digits((most + 1) / 2);
                    if (padded.length() > most && padded.charAt(0) != '0') {
                        throw new FormatException("field " + number + ": no 0 in front");
                    }
                    return padded.substring(most % 2);
                case "A":
                    return new String(take(1), StandardCharsets.ISO_8859_1) + digits((most - 1) / 2);
                case "LN", "TRACK":
                    String digits = hex((length + 1) / 2).substring(0, length);
                    if (packing.kind.equals("LN") && !digits.matches("\\d*")) {
                        throw new FormatException("field " + number + ": a nibble above 9");
                    }
                    return digits.replace('d', '=');
                case "B", "LLB":
                    return hex(length);
                default:
                    String text = new String(take(length), StandardCharsets.ISO_8859_1);
                    return packing.kind.equals("C") ? text.replaceAll(" +$", "") : text;
            }
        }
    }

    /** The values in field 48 by their tags. */
    static Map<String, String> tags(String text) {
        var found = new TreeMap<String, String>();
        for (int at = 0; at < text.length(); ) {
            int end = at + 5 + Integer.parseInt(text.substring(at + 2, at + 5));
            found.put(text.substring(at, at + 2), text.substring(at + 5, end));
            at = end;
        }
        return found;
    }

    static String tag(String number, String value) { return number + "%03d".formatted(value.length()) + value; }

    static byte[] join(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }
}
