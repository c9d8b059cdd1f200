import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** An HTTP server on the loopback interface with a heap of parsed records and of rendered pages. usage: java JvmServer PORT */
public final class JvmServer {
    private static final int RECORDS = 30_000;
    private static final int PAGES = 3_000;

    private record Item(int id, String name, double price, List<String> tags) { }

    public static void main(String[] arguments) throws Exception {
        Map<Integer, Item> items = new HashMap<>();
        List<byte[]> pages = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) {
            items.put(i, new Item(i, "item " + i, i * 0.37, List.of("red", "green", String.valueOf(i % 17))));
        }

        for (int i = 0; i < PAGES; i++) {
            pages.add((items.get(i).toString() + "\n").repeat(60).getBytes(StandardCharsets.US_ASCII));
        }

        // Buffers that were made large and are hardly used, as many programs have them.
        byte[][] buffers = new byte[64][64 << 10];
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0])), 0);
        server.createContext("/", exchange -> {
            int id = Integer.parseInt(exchange.getRequestURI().getPath().substring(1));
            byte[] page = (items.get(id % RECORDS) + " " + new String(pages.get(id % PAGES), StandardCharsets.US_ASCII))
                .getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(page, 0, buffers[id % buffers.length], 0, 1000);
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        server.start();
    }
}
