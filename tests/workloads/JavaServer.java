import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A service at rest: the classes that a web service loads, a table of customers, caches of text and bytes. Prints "ready PID" and rests until
 * standard input ends. Compiled by javac, or run as it is: java JavaServer.java
 */
public final class JavaServer {
    public static void main(String[] arguments) throws Exception {
        Map<String, List<Integer>> orders = new HashMap<>();
        List<byte[]> buffers = new ArrayList<>();
        for (int i = 0; i < 50_000; i++) {
            orders.computeIfAbsent("customer " + i % 5_000, name -> new ArrayList<>()).add(i);
        }
        for (int i = 0; i < 200; i++) {
            byte[] buffer = new byte[16_384];
            java.util.Arrays.fill(buffer, (byte) i);
            buffers.add(buffer);
        }
        String.format("%s %d %.2f", "warm", 1, 2.0);
        Class.forName("java.util.concurrent.ConcurrentSkipListMap");
        Class.forName("java.util.regex.Pattern");
        System.gc();
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        System.in.read();
        if (orders.isEmpty() || buffers.isEmpty()) {
            throw new IllegalStateException();
        }
    }
}
