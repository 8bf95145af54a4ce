package tessera.mall;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import tessera.mall.Mall.Answer;
import tessera.mall.Mall.Outcome;
import tessera.mall.Mall.Payment;
import tessera.mall.Mall.Refused;
import tessera.mall.Mall.Unanswered;

/**
 * Tests of the client: the golden messages, lost answers before a switch that is played here, and the real switch.
 *
 * <pre>
 * javac -d OUT clients/java/tessera/mall/*.java
 * java -cp OUT tessera.mall.MallTest protocol/tests/vectors.json
 * </pre>
 *
 * The real switch takes part where TESSERA_SWITCH names its port, TESSERA_LOSING one that loses the first answer to a
 * purchase, TESSERA_ORDERS five orders of MALL-0001 that a payer has agreed to pay, each with 19.99, TESSERA_TLS its port with
 * TLS, and TESSERA_AUTHORITY the authority of its certificate.
 */
final class MallTest {
    private static final String KEY = "000102030405060708090a0b0c0d0e0f";

    private interface Test { void run() throws Exception; }

    public static void main(String[] arguments) throws Exception {
        String vectors = Files.readString(Path.of(arguments[0]));
        var tests = new LinkedHashMap<String, Test>();
        tests.put("packs and parses every golden message", () -> goldenMessages(vectors));
        tests.put("notices every changed bit", () -> changedBits(vectors));
        tests.put("refuses every bad message and every truncation", () -> badMessages(vectors));
        tests.put("a purchase is repeated where the connection is lost", MallTest::repeats);
        tests.put("a silent switch is given up for the next address", MallTest::nextAddress);
        tests.put("a switch that answers echoes is waited for", MallTest::waits);
        tests.put("a connection on which no echo is answered is given up", MallTest::givesUp);
        tests.put("a purchase without an answer is reversed and never sent anew", MallTest::reverses);
        tests.put("an answer with a wrong MAC is none", MallTest::wrongMac);
        tests.put("an answer to another request is passed over", MallTest::anotherAnswer);
        tests.put("what decides nothing ends a first transmission but no repeat", MallTest::undecided);
        tests.put("after a crash it goes on with what was kept", MallTest::crash);
        tests.put("a status is asked for, and a lost answer is asked for again", MallTest::asks);
        tests.put("a status that is unknown or refused is no state", MallTest::unknownStatus);
        tests.put("without any answer it says what to continue with", MallTest::noAnswer);
        tests.put("a refused sign-on is said at once", MallTest::refusedSignOn);
        tests.put("connections are used again and shared", MallTest::shares);
        tests.put("takes what the reference libraries of webhooks have signed, and nothing else", MallTest::webhooks);
        tests.put("values that cannot be sent are refused", MallTest::values);
        boolean hasSwitch = System.getenv("TESSERA_SWITCH") != null;
        if (hasSwitch) {
            tests.put("buys, repeats, refunds and reverses at the real switch", MallTest::realSwitch);
            tests.put("connects with TLS and verifies the certificate", MallTest::overTls);
        }
        int failed = 0;
        for (var test : tests.entrySet()) {
            try {
                test.getValue().run();
                System.out.println("ok   " + test.getKey());
            } catch (Throwable wrong) {
                System.out.println("FAIL " + test.getKey());
                wrong.printStackTrace(System.out);
                failed++;
            }
        }
        System.out.printf("%d tests, %d failed%s%n", tests.size(), failed, hasSwitch ? "" : ", the real switch was skipped");
        // Threads of played switches may still wait.
        System.exit(failed == 0 ? 0 : 1);
    }

    private static void equal(Object expected, Object found, String what) {
        if (!expected.equals(found)) throw new AssertionError(what + ": " + found + ", not " + expected);
    }

    private static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    private static <E extends Throwable> E thrown(Class<E> kind, Test test) throws Exception {
        try {
            test.run();
        } catch (Throwable error) {
            if (kind.isInstance(error)) return kind.cast(error);
            throw new AssertionError("not " + kind, error);
        }
        throw new AssertionError("no " + kind);
    }

    // --- The golden messages ---

    private record Vector(String name, Map<String, String> fields, String key, String hex) {}

    /** The file has no escapes, and no nesting but fields. */
    private static List<Vector> good(String json) {
        var found = new ArrayList<Vector>();
        var each = Pattern.compile("\"name\": \"([^\"]*)\",\\s+\"mti\": \"(\\d+)\",\\s+\"fields\": \\{([^}]*)\\},\\s+"
                + "\"mac_key\": (?:\"(\\w+)\"|null),\\s+\"hex\": \"(\\w+)\"").matcher(json);
        while (each.find()) {
            var fields = new TreeMap<>(Map.of("mti", each.group(2)));
            Matcher field = Pattern.compile("\"(\\d+)\": \"([^\"]*)\"").matcher(each.group(3));
            while (field.find()) fields.put(field.group(1), field.group(2));
            found.add(new Vector(each.group(1), fields, each.group(4), each.group(5)));
        }
        equal(json.split("\"fields\"").length - 1, found.size(), "good vectors");
        return found;
    }

    private static void goldenMessages(String json) throws IOException {
        for (Vector vector : good(json)) {
            equal(vector.hex, HexFormat.of().formatHex(Message.pack(vector.fields, vector.key)), vector.name);
            var read = Message.verified(HexFormat.of().parseHex(vector.hex), vector.key);
            read.keySet().removeAll(List.of("64", "128"));
            equal(vector.fields, read, vector.name);
        }
    }

    private static void changedBits(String json) throws Exception {
        for (Vector vector : good(json)) {
            byte[] message = HexFormat.of().parseHex(vector.hex);
            for (int bit = 0; vector.key != null && bit < message.length * 8; bit++) {
                byte[] changed = message.clone();
                changed[bit / 8] ^= (byte) (1 << bit % 8);
                thrown(Message.FormatException.class, () -> Message.verified(changed, vector.key));
            }
        }
    }

    private static void badMessages(String json) throws Exception {
        var bad = new ArrayList<byte[]>();
        Matcher each = Pattern.compile("\"hex\": \"(\\w+)\"").matcher(json.substring(json.indexOf("\"bad\": [")));
        while (each.find()) bad.add(HexFormat.of().parseHex(each.group(1)));
        equal(7, bad.size(), "bad vectors");
        for (Vector vector : good(json)) {
            byte[] message = HexFormat.of().parseHex(vector.hex);
            for (int length = 0; length < message.length; length++) bad.add(Arrays.copyOf(message, length));
        }
        for (byte[] message : bad) thrown(Message.FormatException.class, () -> Message.parse(message));
    }

    // --- A switch that is played ---

    /** What it answers to a request, with the number of such requests from 1; null is silence. */
    private interface Answers { Object to(Map<String, String> request, int count) throws IOException; }

    private static final Answers LOST = (request, count) -> { throw new IOException("lost"); };
    private static final Answers APPROVED = (request, count) -> answered(request, "00");

    private static Map<String, String> answered(Map<String, String> request, String code) {
        var answer = new TreeMap<String, String>();
        for (String field : List.of("3", "4", "7", "11", "32", "37", "41", "42", "49", "70", "90")) {
            if (request.containsKey(field)) answer.put(field, request.get(field));
        }
        answer.put("mti", "%03d0".formatted(Integer.parseInt(request.get("mti").substring(0, 3)) + 1));
        answer.put("39", code);
        return answer;
    }

    private static final class Played {
        final List<Map<String, String>> seen = Collections.synchronizedList(new ArrayList<>());
        final ServerSocket listener;
        final Answers purchase, reversal;
        final String signOn;
        /** Until the next sign-on. */
        volatile boolean hangs;

        Played(Answers purchase, Answers reversal, String signOn) throws IOException {
            this.purchase = purchase;
            this.reversal = reversal;
            this.signOn = signOn;
            listener = new ServerSocket(0);
            start(() -> {
                while (true) {
                    Socket connection = listener.accept();
                    start(() -> answer(connection));
                }
            });
        }

        Played(Answers purchase) throws IOException { this(purchase, APPROVED, "00"); }

        private static void start(Test work) {
            var thread = new Thread(() -> {
                try {
                    work.run();
                } catch (Exception ended) {
                    // The connection is lost, as it was meant to be.
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        String address() { return "127.0.0.1:" + listener.getLocalPort(); }

        List<Map<String, String>> sent(char kind) {
            synchronized (seen) { return seen.stream().filter(request -> request.get("mti").charAt(1) == kind).toList(); }
        }

        private void answer(Socket connection) throws IOException {
            try (connection) {
                var input = connection.getInputStream();
                for (int high; (high = input.read()) >= 0; ) {
                    byte[] message = input.readNBytes(high << 8 | input.read());
                    var request = Message.verified(message, KEY);
                    char kind = request.get("mti").charAt(1);
                    if (!"301".equals(request.get("70"))) seen.add(request);
                    if ("001".equals(request.get("70"))) hangs = false;
                    if (kind == '8' && hangs) continue;
                    Object answer = kind == '8' ? answered(request, "001".equals(request.get("70")) ? signOn : "00")
                            : (kind == '2' ? purchase : reversal).to(request, sent(kind).size());
                    if (answer == null) continue;
                    @SuppressWarnings("unchecked")
                    byte[] packed = answer instanceof byte[] bytes ? bytes : Message.pack((Map<String, String>) answer, KEY);
                    var output = connection.getOutputStream();
                    // A keep-alive, and a message in two pieces.
                    output.write(new byte[] {0, 0, (byte) (packed.length >> 8), (byte) packed.length});
                    output.write(packed, 0, 5);
                    output.flush();
                    output.write(packed, 5, packed.length - 5);
                }
            }
        }
    }

    private static Mall mall(String... addresses) {
        return new Mall(List.of(addresses), "10000000001", "MALL-0001", "JAVA0001", KEY);
    }

    private static final List<Map<String, String>> KEPT = new ArrayList<>();

    private static Payment pay(Played played, int within, int silence, int answerWithin) throws IOException {
        KEPT.clear();
        try (Mall mall = mall(played.address())) {
            mall.silence = silence;
            mall.answerWithin = answerWithin;
            return mall.pay(mall.purchase("ORDER-1", 1999, "2 × tea"), KEPT::add, within);
        }
    }

    private static Payment pay(Played played) throws IOException { return pay(played, 30_000, 3000, 12_000); }

    private static List<String> types(List<Map<String, String>> requests) {
        return requests.stream().map(request -> request.get("mti")).toList();
    }

    private static void assertRepeated(List<Map<String, String>> requests) {
        var first = requests.get(0);
        equal("0200", first.get("mti"), "the first");
        for (var repeat : requests.subList(1, requests.size())) {
            equal("0201", repeat.get("mti"), "a repeat");
            for (var field : first.entrySet()) {
                if (List.of("mti", "7", "64").contains(field.getKey())) continue;
                equal(field.getValue(), repeat.get(field.getKey()), "field " + field.getKey());
            }
        }
    }

    private static void repeats() throws IOException {
        var played = new Played((request, count) -> {
            if (count < 3) throw new IOException("lost");
            var answer = answered(request, "00");
            answer.put("38", "7K2M9D");
            return answer;
        });
        Payment payment = pay(played);
        equal(Outcome.PAID, payment.outcome(), "outcome");
        equal("7K2M9D", payment.answer().authorization(), "authorization");
        assertRepeated(played.sent('2'));
        equal(3, played.sent('8').size(), "each connection signs on");
        equal(List.of("0201"), types(KEPT), "kept before it was sent, as its repeat");
        equal(List.of(), played.sent('4'), "reversals");
    }

    private static void nextAddress() throws IOException {
        try (var silent = new ServerSocket(0)) {
            var played = new Played(APPROVED);
            try (Mall mall = mall("127.0.0.1:" + silent.getLocalPort(), played.address())) {
                mall.silence = 2000;
                check(mall.send(mall.purchase("ORDER-1", 1, ""), 30_000).approved(), "approved");
                equal(played.address(), mall.addresses().get(0), "it is the first from now on");
            }
        }
    }

    private static void waits() throws IOException {
        var played = new Played((request, count) -> count == 1 ? null : answered(request, "00"));
        long began = System.nanoTime();
        equal(Outcome.PAID, pay(played, 30_000, 3000, 7000).outcome(), "outcome");
        equal(2, played.sent('2').size(), "purchases");
        check(System.nanoTime() - began >= 7_000_000_000L, "given up after 3 s without an answer");
    }

    private static void givesUp() throws IOException {
        var reference = new AtomicReference<Played>();
        var played = new Played((request, count) -> {
            reference.get().hangs = count == 1;
            return count == 1 ? null : answered(request, "00");
        });
        reference.set(played);
        long began = System.nanoTime();
        equal(Outcome.PAID, pay(played, 120_000, 2000, 60_000).outcome(), "outcome");
        equal(2, played.sent('2').size(), "purchases");
        equal(2, played.sent('8').size(), "connections");
        check(System.nanoTime() - began < 60_000_000_000L, "long before answerWithin");
    }

    private static void reverses() throws IOException {
        var played = new Played(LOST, (request, count) -> count == 1 ? LOST.to(request, count) : answered(request, "00"), "00");
        Payment payment = pay(played, 2000, 3000, 12_000);
        equal(Outcome.UNDONE, payment.outcome(), "outcome");
        equal("0430", payment.answer().fields().get("mti"), "answer");
        assertRepeated(played.sent('2'));
        equal(List.of("0420", "0421"), types(played.sent('4')), "reversals");
        equal(List.of("0201", "0421"), types(KEPT), "kept");
        var first = played.sent('2').get(0);
        for (var reversal : played.sent('4')) {
            String expected = "0200" + first.get("11") + first.get("7") + "10000000001" + "0".repeat(11);
            equal(expected, reversal.get("90"), "field 90");
            equal(first.get("48"), reversal.get("48"), "field 48");
            check(!first.get("11").equals(reversal.get("11")), "a trace number of its own");
        }
    }

    private static void wrongMac() throws IOException {
        var played = new Played((request, count) -> {
            if (count > 1) return answered(request, "51");
            byte[] approved = Message.pack(answered(request, "00"), KEY);
            approved[approved.length - 1] ^= 1;
            return approved;
        });
        equal("51", pay(played).answer().code(), "code");
    }

    private static void anotherAnswer() throws IOException {
        var played = new Played((request, count) -> {
            var answer = answered(request, count == 1 ? "00" : "51");
            if (count == 1) answer.put("11", "000000");
            return answer;
        });
        equal(Outcome.DECLINED, pay(played, 30_000, 3000, 300).outcome(), "outcome");
    }

    private static void undecided() throws IOException {
        var refused = new Played((request, count) -> answered(request, "63"));
        equal("63", pay(refused).answer().code(), "code");
        equal(1, refused.sent('2').size(), "purchases");
        var played = new Played((request, count) ->
                count == 1 ? LOST.to(request, count) : answered(request, count == 2 ? "63" : "00"));
        equal(Outcome.PAID, pay(played).outcome(), "outcome");
        equal(3, played.sent('2').size(), "purchases");
    }

    private static void crash() throws Exception {
        var played = new Played(APPROVED);
        try (Mall mall = mall(played.address())) {
            var kept = new ArrayList<Map<String, String>>();
            thrown(IOException.class, () -> mall.pay(mall.purchase("ORDER-1", 1999, ""), request -> {
                kept.add(request);
                throw new IOException("crash");
            }, 30_000));
            equal(List.of(), played.seen, "nothing is sent before it is kept");
            equal(Outcome.PAID, mall.pay(kept.get(0), request -> {}, 30_000).outcome(), "outcome");
            equal(List.of("0201"), types(played.sent('2')), "purchases");
        }
    }

    private static void asks() throws Exception {
        String report = Message.tag("10", "approved") + Message.tag("11", "00");
        var amounts = List.of(1999, 1999, 500, 700, 0);
        for (int at = 0; at < 5; at++) report += Message.tag(String.valueOf(12 + at), "%012d".formatted(amounts.get(at)));
        String tags = report + Message.tag("17", "632609000003");
        var played = new Played(LOST, (request, count) -> {
            if (count == 1) throw new IOException("lost");
            var answer = answered(request, "00");
            answer.putAll(Map.of("38", "Q04WX1", "48", tags, "49", "840"));
            return answer;
        }, "00");
        try (Mall mall = mall(played.address())) {
            var purchase = mall.purchase("ORDER-1", 1999, "");
            var expected = new Mall.Status("approved", "00", "", "Q04WX1", 1999, 1999, 500, 700, 0, "632609000003");
            equal(expected, mall.status(purchase, 30_000), "status");
            check(expected.paid(), "something of it is left");
            equal(List.of("0600", "0601"), types(played.sent('6')), "inquiries");
            var first = played.sent('6').get(0);
            equal(List.of("310", purchase.get("37")), List.of(first.get("24"), first.get("37")), "fields 24 and 37");
            String named = "0200" + purchase.get("11") + purchase.get("7") + "10000000001" + "0".repeat(11);
            equal(named, first.get("90"), "field 90");
            equal(List.of(), played.sent('2'), "nothing else is sent");
            equal(expected, mall.status("ORDER-1", 30_000), "by the order's number");
            var asked = played.sent('6').get(2);
            equal(Message.tag("01", "ORDER-1"), asked.get("48"), "field 48");
            check(!asked.containsKey("90"), "no field 90");
        }
    }

    private static void unknownStatus() throws Exception {
        var unknown = new Played(LOST, (request, count) -> {
            var answer = answered(request, "25");
            answer.put("48", Message.tag("09", "why"));
            return answer;
        }, "00");
        try (Mall mall = mall(unknown.address())) {
            var status = mall.status("ORDER-1", 30_000);
            equal(List.of("unknown", "why"), List.of(status.state(), status.reason()), "status");
            check(!status.paid(), "not paid");
        }
        var refusing = new Played(LOST, (request, count) -> answered(request, "63"), "00");
        try (Mall mall = mall(refusing.address())) {
            thrown(Unanswered.class, () -> mall.status("ORDER-1", 30_000));
        }
    }

    private static void noAnswer() throws Exception {
        var played = new Played(LOST, LOST, "00");
        equal("0421", thrown(Unanswered.class, () -> pay(played, 2000, 3000, 12_000)).request.get("mti"), "to continue with");
    }

    private static void refusedSignOn() throws Exception {
        var played = new Played(APPROVED, APPROVED, "63");
        check(thrown(Refused.class, () -> pay(played)).getMessage().contains("63"), "the code");
        equal(List.of(), played.sent('2'), "purchases");
    }

    private static void shares() throws Exception {
        var played = new Played(APPROVED);
        try (Mall mall = mall(played.address())) {
            for (int number = 0; number < 3; number++) mall.send(mall.purchase("ORDER-" + number, 1, ""), 30_000);
            equal(1, played.sent('8').size(), "connections");
            var done = new CountDownLatch(8);
            for (int number = 0; number < 8; number++) {
                String order = "MORE-" + number;
                Played.start(() -> {
                    if (mall.send(mall.purchase(order, 1, ""), 30_000).approved()) done.countDown();
                });
            }
            done.await();
            equal(11, played.sent('2').size(), "purchases");
            mall.idle = -1;
            mall.send(mall.purchase("LATER", 1, ""), 30_000);
            equal("0800", played.seen.get(played.seen.size() - 2).get("mti"), "an old connection is not used again");
            var traces = new HashSet<String>();
            played.seen.forEach(request -> traces.add(request.get("11")));
            equal(played.seen.size(), traces.size(), "trace numbers");
        }
    }

    private static void verify(String body, long now, String timestamp, String signatures) throws IOException {
        Mall.verifyWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp, signatures,
                body.getBytes(), now);
    }

    private static void webhooks() throws Exception {
        String body = "{\"test\": 2432232314}", sent = "1614265330";
        String right = "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,x";
        long now = 1_614_265_330L;
        verify(body, now, sent, right);
        verify(body, now + 300, sent, right);
        var wrong = List.<Test>of(() -> verify(body + " ", now, sent, right), () -> verify(body, now + 301, sent, right),
                () -> verify(body, now - 301, sent, right), () -> verify(body, now, "1614265331", right),
                () -> verify(body, now, "soon", right), () -> verify(body, now, sent, ""), () -> verify(body, now, sent, null));
        for (Test each : wrong) thrown(Mall.WebhookException.class, each);
        // SHA-256 of "MALL-0001      ORDER-1", the first 16 bytes.
        equal("5104a223698df71473f2301a0e126d47", Mall.orderKey("MALL-0001", "ORDER-1"), "order key");
    }

    private static void values() throws Exception {
        Mall mall = mall();
        for (String order : List.of("", "a b", "x".repeat(33), "é")) {
            thrown(IllegalArgumentException.class, () -> mall.purchase(order, 1, ""));
        }
        for (long amount : new long[] {0, -1, 1_000_000_000_000L}) {
            thrown(IllegalArgumentException.class, () -> mall.purchase("ORDER-1", amount, ""));
        }
        String order = mall.purchase("ORDER-1", 1, "차 ".repeat(100)).get("48");
        equal(Map.of("01", "ORDER-1", "02", "? ".repeat(50)), Message.tags(order), "a text of any alphabet and length fits");
        var answer = new Answer(Map.of("39", "51", "48", "01007ORDER-1" + "09016not enough money"));
        equal("not enough money", answer.reason(), "a reason behind other tags");
    }

    // --- The real switch ---

    private static void realSwitch() throws IOException {
        String[] orders = System.getenv("TESSERA_ORDERS").split(",");
        try (Mall mall = mall(System.getenv("TESSERA_SWITCH")); Mall losing = mall(System.getenv("TESSERA_LOSING"))) {
            check(mall.echo() < 3000, "an echo");
            var purchase = mall.purchase(orders[0], 1999, "2 x tea");
            Payment paid = mall.pay(purchase, KEPT::add, 30_000);
            equal(Outcome.PAID, paid.outcome(), "outcome");
            equal(6, paid.answer().authorization().length(), "authorization");
            Answer repeat = mall.send(Mall.again(purchase), 30_000);
            equal(paid.answer().authorization(), repeat.authorization(), "applied once");
            equal("94", mall.pay(mall.purchase(orders[0], 1999, ""), KEPT::add, 30_000).answer().code(), "paid once");

            var refund = mall.refund(purchase, 700);
            check(mall.send(refund, 30_000).approved(), "refunded");
            check(mall.send(Mall.again(refund), 30_000).approved(), "once");
            equal("13", mall.send(mall.refund(purchase, 1300), 30_000).code(), "12.99 are left");
            var status = mall.status(purchase, 30_000);
            equal(List.of("approved", 1999L, 700L), List.of(status.state(), status.approved(), status.refunded()), "status");
            equal(paid.answer().authorization(), status.authorization(), "authorization");
            equal(status, mall.status(orders[0], 30_000), "the same by the order's number");
            check(mall.send(mall.reversal(refund), 30_000).approved(), "taken back");
            equal(0L, mall.status(purchase, 30_000).refunded(), "refunded");
            equal("unknown", mall.status(mall.purchase(orders[0], 1999, ""), 30_000).state(), "never sent");
            equal("agreed", mall.status(orders[3], 30_000).state(), "not paid yet");

            var inPart = mall.purchase(orders[1], 1999, "");
            equal(Outcome.PAID, mall.pay(inPart, KEPT::add, 30_000).outcome(), "outcome");
            check(mall.send(mall.reversal(inPart, 500), 30_000).approved(), "5.00 remain");

            var whole = mall.purchase(orders[2], 1999, "");
            equal(Outcome.PAID, mall.pay(whole, KEPT::add, 30_000).outcome(), "outcome");
            equal(Outcome.UNDONE, mall.pay(mall.reversal(whole), KEPT::add, 30_000).outcome(), "outcome");
            var undone = mall.status(whole, 30_000);
            equal(List.of("reversed", 1999L), List.of(undone.state(), undone.reversed()), "status");

            equal("13", mall.pay(mall.purchase(orders[4], 2000, ""), KEPT::add, 30_000).answer().code(), "another amount");
            Answer unknown = mall.pay(mall.purchase("NOBODY-AGREED", 1, ""), KEPT::add, 30_000).answer();
            equal("25", unknown.code(), "no agreement");
            check(!unknown.reason().isEmpty(), "a reason");

            var lost = losing.purchase(orders[3], 1999, "");
            equal(Outcome.PAID, losing.pay(lost, KEPT::add, 30_000).outcome(), "after a repeat");
        }
    }

    private static void overTls() throws Exception {
        try (Mall trusting = mall(System.getenv("TESSERA_TLS")); Mall distrusting = mall(System.getenv("TESSERA_TLS"))) {
            var authorities = KeyStore.getInstance(KeyStore.getDefaultType());
            authorities.load(null, null);
            try (var pem = Files.newInputStream(Path.of(System.getenv("TESSERA_AUTHORITY")))) {
                var authority = CertificateFactory.getInstance("X.509").generateCertificate(pem);
                authorities.setCertificateEntry("authority", authority);
            }
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(authorities);
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            trusting.tls = context.getSocketFactory();
            check(trusting.echo() < 3000, "an echo");
            distrusting.tls = (SSLSocketFactory) SSLSocketFactory.getDefault();
            thrown(SSLHandshakeException.class, distrusting::echo);
        }
    }
}
