USE mysql;
UPDATE global_priv SET Priv = json_set(Priv, '$.plugin', 'mysql_native_password', '$.authentication_string', PASSWORD('@@PASSWORD@@')) WHERE User = 'root';
DELETE FROM global_priv WHERE User = 'root' AND Host <> 'localhost';
