# A pool of forked workers that answer HTTP on the loopback interface. Each has parsed the same documents on its own; what the parent
# built before is shared by fork. usage: ruby ruby_workers.rb PORT WORKERS
require 'json'
require 'socket'

port, workers = ARGV.map(&:to_i)
tables = (0...20_000).to_h { |i| [i, "customer number #{i}"] }
text = JSON.generate((0...20_000).map { |i| { id: i, name: "item #{i}", price: i * 0.37, tags: ['red', 'green', (i % 17).to_s] } })
GC.start
server = TCPServer.new('127.0.0.1', port)
workers.times do
  fork do
    documents = JSON.parse(text)
    loop do
      client = server.accept
      id = client.gets.to_s[%r{/(\d+)}, 1].to_i
      loop { break if client.gets.to_s.strip.empty? }
      body = JSON.generate(documents[id % documents.size]) + tables[id % tables.size]
      client.write("HTTP/1.1 200 OK\r\nContent-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}")
      client.close
    end
  end
end
Process.waitall
