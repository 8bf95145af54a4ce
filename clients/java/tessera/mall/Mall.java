package tessera.mall;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * The client of a mall's server at the Tessera switch: the connections of a party. This file and Message.java are
 * made to be copied.
 *
 * <pre>
 * Mall mall = new Mall(List.of("127.0.0.1:8583"), "10000000001", "MALL-0001", "TERM0001", "000102030405060708090a0b0c0d0e0f");
 * Payment payment = mall.pay(mall.purchase("ORDER-1", 1999, "2 x tea"), store);   // PAID, DECLINED or UNDONE
 * </pre>
 *
 * It needs Java 17 or later and nothing else. Every request is a map of texts ("mti", and fields by their numbers) that can be
 * stored. A connection carries one request at a time: threads may share a Mall, which opens connections as they are needed.
 * The messages are described in docs/protocol.md, and lost answers in docs/idempotency.md. Times are in milliseconds.
 */
public final class Mall implements AutoCloseable {
    /** To a repeat, these say nothing about the first transmission: the switch decides them again, or could not look. */
    private static final Set<String> UNDECIDED = Set.of("12", "30", "58", "63", "96");

    /** The switch has refused the sign-on: a wrong key, another party's code, or too many connections. */
    public static final class Refused extends IOException {
        Refused(String what) { super(what); }
    }

    /** The result of {@code request} is not known yet: send it again later, or reverse it. */
    public static final class Unanswered extends IOException {
        public final Map<String, String> request;

        Unanswered(Map<String, String> request, String why, Throwable cause) {
            super(request.get("mti") + " " + request.get("11") + " has no result yet: " + why, cause);
            this.request = request;
        }
    }

    /** The fields of an answer. */
    public record Answer(Map<String, String> fields) {
        /** Response code, field 39. */
        public String code() { return fields.getOrDefault("39", ""); }

        public boolean approved() { return code().equals("00"); }

        /** Authorization code of the switch, field 38, of an approval. */
        public String authorization() { return fields.getOrDefault("38", ""); }

        /** Why it was not approved, for developers: tag 09 of field 48. */
        public String reason() { return Message.tags(fields.getOrDefault("48", "")).getOrDefault("09", ""); }
    }

    /**
     * What has become of an order or a request, in minor units; the state is "unknown" where the switch knows nothing of it, and
     * otherwise a word of docs/protocol.md, "Status inquiry". Code and reason are those of the answer that the request has got.
     */
    public record Status(String state, String code, String reason, String authorization, long amount, long approved,
            long reversed, long refunded, long completed, String reference) {
        /** Whether the order is paid, and something of it is left. */
        public boolean paid() { return state.equals("approved") && approved > reversed; }
    }

    public enum Outcome { PAID, DECLINED, /** There was no answer in time, and the purchase was reversed. */ UNDONE }

    public record Payment(Outcome outcome, Answer answer) {}

    /** Stores a request, so that it survives a crash. */
    public interface Keep { void keep(Map<String, String> request) throws IOException; }

    /** A node of a cluster that does not answer is passed over after this time. */
    public int connectWithin = 1000;
    /** The switch answers within 10 s: 3 for the payer's agreement, 7 for the financial system. */
    public int answerWithin = 12_000;
    /** Without any input for half of it an echo is sent, after the whole the line is given up. */
    public int silence = 3000;
    /** An older connection is not used again; the switch closes it after five minutes. */
    public int idle = 60_000;
    /** Numeric ISO 4217. */
    public String currency = "840";
    /** Merchant category, field 18. */
    public String category = "5999";
    /** Where the switch's port needs TLS. */
    public SSLSocketFactory tls;

    private volatile List<String> addresses;
    private final String party, acceptor, terminal, key;
    private final Deque<Line> idleLines = new ArrayDeque<>();
    private int trace = ThreadLocalRandom.current().nextInt(999_999);

    /** Addresses are HOST:PORT, of a cluster those of all nodes; the key has 32 hexadecimal digits, or is null. */
    public Mall(List<String> addresses, String party, String acceptor, String terminal, String key) {
        this.addresses = List.copyOf(addresses);
        this.party = party;
        this.acceptor = acceptor;
        this.terminal = terminal;
        this.key = key;
    }

    /** The addresses, the one that worked last in front. */
    public List<String> addresses() { return addresses; }

    /** A purchase of an order that the payer agrees to, in minor units. It is made here and sent by {@link #pay}. */
    public Map<String, String> purchase(String order, long amount, String text) {
        if (!order.matches("[!-~]{1,32}")) {
            throw new IllegalArgumentException("an order number has 1 to 32 printable ASCII characters without spaces");
        }
        String fits = text.replaceAll("[^\\x00-\\xff]", "?");
        fits = fits.substring(0, Math.min(fits.length(), 100));
        return financial("000000", amount, Message.tag("01", order) + (fits.isEmpty() ? "" : Message.tag("02", fits)));
    }

    /** A refund of a purchase, or of a part of it. Store it before {@link #send}, and send the same one until it is answered. */
    public Map<String, String> refund(Map<String, String> purchase, long amount) {
        var refund = financial("200000", amount, purchase.get("48"));
        refund.put("90", naming(purchase));
        return refund;
    }

    /** The reversal of a purchase or refund. */
    public Map<String, String> reversal(Map<String, String> request) {
        var reversal = stamped("0420");
        for (String field : List.of("3", "4", "12", "13", "37", "41", "42", "48", "49")) reversal.put(field, request.get(field));
        reversal.put("90", naming(request));
        return reversal;
    }

    /** The reversal of a purchase in part: this amount remains. */
    public Map<String, String> reversal(Map<String, String> purchase, long remaining) {
        var reversal = reversal(purchase);
        reversal.put("95", "%012d%030d".formatted(remaining, 0));
        return reversal;
    }

    /** A request as its repeat: the same key, marked, with the time of now in field 7. Store this form. */
    public static Map<String, String> again(Map<String, String> request) {
        var repeat = new TreeMap<>(request);
        repeat.put("mti", request.get("mti").substring(0, 3) + "1");
        repeat.put("7", now("MMddHHmmss"));
        return repeat;
    }

    /**
     * Brings a purchase to its end: PAID, DECLINED, or, where no answer comes in time, UNDONE by a reversal.
     *
     * <p>{@code keep} stores the request with which to continue, before it is sent. After a crash give that request to this
     * method. Throws Unanswered where the reversal has no answer in time either: give it the request that was kept later.
     */
    public Payment pay(Map<String, String> request, Keep keep, int within) throws IOException {
        if (request.get("mti").startsWith("02")) {
            keep.keep(again(request));
            try {
                Answer answer = send(request, within);
                return new Payment(answer.approved() ? Outcome.PAID : Outcome.DECLINED, answer);
            } catch (Unanswered unanswered) {
                request = reversal(request);
            }
        }
        keep.keep(again(request));
        Answer answer = send(request, within);
        if (!answer.approved()) throw new Unanswered(request, answer.code() + " " + answer.reason(), null);
        return new Payment(Outcome.UNDONE, answer);
    }

    /**
     * Sends a request, and its repeats, until an answer decides it, and returns the answer. Throws Unanswered after
     * {@code within}; Refused if the switch has refused the first sign-on, before anything was sent.
     */
    public Answer send(Map<String, String> request, int within) throws IOException {
        Message.pack(request, key); // What cannot be packed is an error of the caller, and not a lost answer.
        long deadline = millis() + within;
        boolean sent = request.get("mti").endsWith("1");
        for (int pause = 50; ; pause = Math.min(2 * pause, 1000)) {
            String why;
            IOException cause = null;
            try {
                Line line = line();
                boolean wasSent = sent;
                if (sent) request = again(request);
                sent = true;
                Answer answer = line.ask(request, (int) Math.max(100, Math.min(answerWithin, deadline - millis())));
                rest(line);
                if (!wasSent || !UNDECIDED.contains(answer.code())) return answer;
                why = answer.code() + " " + answer.reason();
            } catch (IOException error) {
                if (error instanceof Refused && !sent) throw error;
                // Those that wait were probably lost too.
                close();
                why = error.getMessage();
                cause = error;
            }
            if (millis() + pause >= deadline) throw new Unanswered(request, why, cause);
            try {
                Thread.sleep(pause);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new Unanswered(request, "interrupted", interrupted);
            }
        }
    }

    /** What has become of an order, by its number. See {@link #status(Map, int)}. */
    public Status status(String order, int within) throws IOException {
        var inquiry = inquiry();
        inquiry.put("48", Message.tag("01", order));
        return report(inquiry, within);
    }

    /**
     * What has become of a request that was made here. It moves nothing. Ask to look something up; after a lost answer, repeat
     * the request or reverse it, as {@link #pay} does: that decides it. Throws Unanswered without an answer in time.
     */
    public Status status(Map<String, String> about, int within) throws IOException {
        var inquiry = inquiry();
        for (String field : List.of("3", "4", "12", "13", "37", "41", "42", "48")) inquiry.put(field, about.get(field));
        inquiry.put("90", naming(about));
        return report(inquiry, within);
    }

    private Status report(Map<String, String> inquiry, int within) throws IOException {
        Answer answer = send(inquiry, within);
        var said = Message.tags(answer.fields().getOrDefault("48", ""));
        if (!answer.code().equals("25") && !answer.approved()) {
            throw new Unanswered(inquiry, answer.code() + " " + answer.reason(), null);
        }
        long[] amounts = new long[5];
        for (int at = 0; at < 5; at++) amounts[at] = Long.parseLong(said.getOrDefault(String.valueOf(12 + at), "0"));
        return new Status(said.getOrDefault("10", "unknown"), said.getOrDefault("11", ""), answer.reason(),
                answer.authorization(), amounts[0], amounts[1], amounts[2], amounts[3], amounts[4],
                said.getOrDefault("17", "").stripTrailing());
    }

    private Map<String, String> inquiry() {
        var inquiry = stamped("0600");
        inquiry.putAll(Map.of("24", "310", "41", terminal, "42", acceptor));
        return inquiry;
    }

    /** The milliseconds that an echo takes. */
    public long echo() throws IOException {
        Line line = line();
        long began = millis();
        line.ask(network("301"), silence);
        rest(line);
        return millis() - began;
    }

    /** Closes the connections that are not in use. */
    @Override
    public void close() {
        List<Line> lines;
        synchronized (this) {
            lines = new ArrayList<>(idleLines);
            idleLines.clear();
        }
        lines.forEach(Line::close);
    }

    /** An event that is not from the switch, or is too old: do nothing with it. */
    public static final class WebhookException extends IOException {
        WebhookException(String what) { super(what); }
    }

    /**
     * Verifies that the body of a webhook, as it came, is signed with the secret ({@code whsec_...}) and not older than five
     * minutes; throws WebhookException otherwise. The values are those of the headers webhook-id, webhook-timestamp and
     * webhook-signature. The same event may come more than once, with the same id.
     */
    public static void verifyWebhook(String secret, String id, String timestamp, String signatures, byte[] body)
            throws WebhookException {
        verifyWebhook(secret, id, timestamp, signatures, body, System.currentTimeMillis() / 1000);
    }

    static void verifyWebhook(String secret, String id, String timestamp, String signatures, byte[] body, long now)
            throws WebhookException {
        if (id == null || timestamp == null || !timestamp.matches("\\d{1,15}") || signatures == null) {
            throw new WebhookException("a header is missing or wrong");
        }
        if (Math.abs(now - Long.parseLong(timestamp)) > 300) throw new WebhookException("too old, or the clocks differ");
        byte[] made;
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.replaceFirst("^whsec_", "")), "HmacSHA256"));
            mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
            made = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalArgumentException("a secret is whsec_ and Base64", impossible);
        }
        boolean right = false;
        for (String signature : signatures.split(" ")) {
            right |= MessageDigest.isEqual(made, signature.getBytes(StandardCharsets.UTF_8));
        }
        if (!right) throw new WebhookException("a wrong signature");
    }

    /** What webhooks name an order by, in {@code data.order_key}: store it with the order. */
    public static String orderKey(String acceptor, String order) {
        try {
            byte[] named = "%-15s%s".formatted(acceptor, order).getBytes(StandardCharsets.ISO_8859_1);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(named), 0, 16);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private Map<String, String> network(String code) {
        var message = stamped("0800");
        message.put("70", code);
        return message;
    }

    private synchronized Map<String, String> stamped(String mti) {
        trace = trace % 999_999 + 1;
        return new TreeMap<>(Map.of("mti", mti, "7", now("MMddHHmmss"), "11", "%06d".formatted(trace), "32", party));
    }

    private Map<String, String> financial(String processingCode, long amount, String order) {
        if (amount < 1 || amount > 999_999_999_999L) {
            throw new IllegalArgumentException("an amount is a number of minor units, 1 to 999,999,999,999");
        }
        var message = stamped("0200");
        String time = message.get("7");
        // UTC in 12 and 13 too: a local time that comes twice, in autumn, could make two requests the same.
        message.putAll(Map.of("3", processingCode, "4", "%012d".formatted(amount), "12", time.substring(4), "13",
                time.substring(0, 4), "18", category, "22", "812", "25", "59", "41", terminal, "42", acceptor));
        message.putAll(Map.of("37", now("yDDDHH").substring(3) + message.get("11"), "48", order, "49", currency));
        return message;
    }

    /** A connection that is signed on: one that rests, or a new one to the first address that accepts. */
    private Line line() throws IOException {
        for (Line line; (line = resting()) != null; line.close()) {
            if (millis() - line.restsSince < idle) return line;
        }
        IOException last = new IOException("no address of the switch");
        for (String address : addresses) {
            try {
                Line line = new Line(address);
                // The one that works is tried first the next time.
                var others = new ArrayList<>(addresses);
                others.remove(address);
                others.add(0, address);
                addresses = List.copyOf(others);
                return line;
            } catch (Refused refused) {
                throw refused;
            } catch (IOException error) {
                last = error;
            }
        }
        throw last;
    }

    private synchronized Line resting() { return idleLines.pollLast(); }

    private synchronized void rest(Line line) {
        line.restsSince = millis();
        idleLines.addLast(line);
    }

    /** A connection that is signed on. Every failure closes it. */
    private final class Line {
        private final String address;
        private Socket socket = new Socket();
        private byte[] received = {};
        private long restsSince;

        Line(String address) throws IOException {
            this.address = address;
            int colon = address.lastIndexOf(':');
            String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
            int port = Integer.parseInt(address.substring(colon + 1));
            try {
                socket.connect(new InetSocketAddress(host, port), connectWithin);
                socket.setTcpNoDelay(true);
                socket.setSoTimeout(silence);
                if (tls != null) {
                    var secured = (SSLSocket) tls.createSocket(socket, host, port, true);
                    var parameters = secured.getSSLParameters();
                    parameters.setEndpointIdentificationAlgorithm("HTTPS");
                    secured.setSSLParameters(parameters);
                    socket = secured;
                }
            } catch (IOException error) {
                close();
                throw error;
            }
            Answer answer = ask(network("001"), silence);
            if (!answer.approved()) {
                close();
                throw new Refused("sign-on at " + address + ": " + answer.code() + " " + answer.reason());
            }
        }

        Answer ask(Map<String, String> request, int within) throws IOException {
            long deadline = millis() + within;
            String mti = "%03d0".formatted(Integer.parseInt(request.get("mti").substring(0, 3)) + 1);
            try {
                write(request);
                for (boolean isEchoed = false; ; ) {
                    var answer = next(Math.min(silence / 2, deadline - millis()));
                    if (answer != null && mti.equals(answer.get("mti")) && request.get("11").equals(answer.get("11"))
                            && Objects.equals(request.get("37"), answer.get("37"))) {
                        return new Answer(answer);
                    }
                    if (millis() >= deadline || answer == null && isEchoed) throw new IOException("no answer from " + address);
                    if (answer == null) write(network("301"));
                    // Other answers belong to echoes, or to transmissions that were given up.
                    isEchoed = answer == null;
                }
            } catch (IOException error) {
                close();
                throw error;
            }
        }

        void close() {
            try {
                socket.close();
            } catch (IOException closed) {
                // It is of no more use either way.
            }
        }

        private void write(Map<String, String> message) throws IOException {
            byte[] packed = Message.pack(message, key);
            socket.getOutputStream().write(Message.join(new byte[] {(byte) (packed.length >> 8), (byte) packed.length}, packed));
        }

        /** The next answer, or null where nothing comes in time. */
        private Map<String, String> next(long within) throws IOException {
            long deadline = millis() + within;
            byte[] more = new byte[1 << 13];
            while (true) {
                int length = received.length < 2 ? 0 : (received[0] & 255) << 8 | received[1] & 255;
                if (received.length >= 2 + length) {
                    byte[] message = Arrays.copyOfRange(received, 2, 2 + length);
                    received = Arrays.copyOfRange(received, 2 + length, received.length);
                    if (length > 0) return Message.verified(message, key);
                    continue;
                }
                socket.setSoTimeout((int) Math.max(1, deadline - millis()));
                try {
                    int count = socket.getInputStream().read(more);
                    if (count < 0) throw new IOException("the switch has closed the connection");
                    received = Message.join(received, Arrays.copyOf(more, count));
                } catch (SocketTimeoutException silent) {
                    return null;
                }
            }
        }
    }

    /** Field 90. */
    private static String naming(Map<String, String> original) {
        String mti = original.get("mti").substring(0, 3) + "0";
        return mti + original.get("11") + original.get("7") + "%011d%011d".formatted(Long.parseLong(original.get("32")), 0);
    }

    private static String now(String pattern) {
        return ZonedDateTime.now(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern(pattern, Locale.ROOT));
    }

    private static long millis() { return System.nanoTime() / 1_000_000; }
}
