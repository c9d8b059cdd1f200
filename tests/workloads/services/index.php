<?php
// A request as many are: data is parsed, sorted and rendered, then all of it is given back.
$records = [];
for ($i = 0; $i < 20000; $i++) {
    $records[] = ['id' => $i, 'name' => "item $i", 'price' => $i * 0.37, 'tags' => ['red', 'green', (string) ($i % 17)]];
}
$text = json_encode($records);
$parsed = json_decode($text, true);
usort($parsed, fn ($one, $other) => $other['price'] <=> $one['price']);
header('Content-Type: text/plain');
foreach (array_slice($parsed, 0, 50) as $record) {
    echo "{$record['id']} {$record['name']} {$record['price']}\n";
}
