BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE blob (
	hash VARCHAR NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_blob PRIMARY KEY (hash)
);
INSERT INTO "blob" VALUES('b2d253ada445cdb70a1d8f824509467e1af8301950e929dd7e14eb3cf11dac62',X'4749463839612C206D6F7265206F72206C657373');
CREATE TABLE cell (
	id INTEGER NOT NULL, 
	run_id VARCHAR NOT NULL, 
	column_index INTEGER NOT NULL, 
	repeat INTEGER NOT NULL, 
	status VARCHAR NOT NULL, 
	thumb INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	backend TEXT NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	sampling JSON NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	finish VARCHAR, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	cached_tokens INTEGER, 
	context_tokens INTEGER, 
	first_token_s FLOAT, 
	total_s FLOAT NOT NULL, 
	model_digest TEXT, 
	backend_version TEXT, 
	mode TEXT, 
	ignored JSON NOT NULL, 
	logprobs JSON NOT NULL, 
	error TEXT NOT NULL, 
	hint TEXT NOT NULL, 
	text TEXT NOT NULL, 
	reasoning TEXT NOT NULL, 
	CONSTRAINT pk_cell PRIMARY KEY (id), 
	CONSTRAINT uq_cell_run_id_column_index_repeat UNIQUE (run_id, column_index, repeat), 
	CONSTRAINT fk_cell_run_id FOREIGN KEY(run_id) REFERENCES run (id), 
	CONSTRAINT fk_cell_content_hash FOREIGN KEY(content_hash) REFERENCES content (hash)
);
INSERT INTO "cell" VALUES(1,'53f4308ffac94405',0,0,'done',0,'scripted:echo','scripted','4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','{"temperature": 0.7, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 373028548, "max_tokens": 256, "stop": []}','2026-11-26 16:30:18.911031','2026-11-26 16:30:18.916577','stop',15,9,NULL,4096,6.42807997792260721325e-04,5.92136599880177527666e-03,NULL,'scripted',NULL,'[]','[]','','','Write a short mail about a refund of 17.','');
INSERT INTO "cell" VALUES(2,'53f4308ffac94405',1,0,'done',0,'scripted:think','scripted','1c995c5d4bb60856682cfa88acb53fa7f69ec7dc6ce80999a641234ff5db3860','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}','2026-11-26 16:30:18.911073','2026-11-26 16:30:18.916230','stop',11,2,NULL,4096,4.76019999041454866528e-04,0.0051399109979684,NULL,'scripted',NULL,'[]','[]','','','The answer is 42.','Hm, 17 + 25.');
INSERT INTO "cell" VALUES(3,'53f4308ffac94405',2,0,'error',0,'scripted:broken','scripted','4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}','2026-11-26 16:30:18.911088','2026-11-26 16:30:18.915458','error',NULL,NULL,NULL,NULL,4.68316000478807836771e-04,4.99202000355580821633e-04,NULL,NULL,NULL,'[]','[]','The server has gone.','Start it again.','Half an ','');
INSERT INTO "cell" VALUES(4,'53f4308ffac94405',3,0,'cancelled',0,'scripted:slow','scripted','4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','{"temperature": 0.0, "top_p": 1.0, "top_k": 5, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": ["\n"]}','2026-11-26 16:30:18.911097','2026-11-26 16:30:18.915978','cancelled',NULL,NULL,NULL,NULL,3.25308999890694394707e-04,4.726065999420825392e-03,NULL,NULL,NULL,'[]','[]','','','Once upon ','');
INSERT INTO "cell" VALUES(5,'53f4308ffac94405',0,1,'done',0,'scripted:echo','scripted','4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','{"temperature": 0.7, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 1493747628, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.151263','2026-11-26 16:30:19.151779','stop',15,9,NULL,4096,1.67979997058864682912e-04,3.57077999069588258862e-04,NULL,'scripted',NULL,'[]','[]','','','Write a short mail about a refund of 17.','');
INSERT INTO "cell" VALUES(6,'53f4308ffac94405',0,2,'done',1,'scripted:echo','scripted','4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','{"temperature": 0.7, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 1491701736, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.215516','2026-11-26 16:30:19.216443','stop',15,9,NULL,4096,2.7407900051912292838e-04,0.000626544002443552,NULL,'scripted',NULL,'[]','[]','','','Write a short mail about a refund of 17.','');
INSERT INTO "cell" VALUES(7,'53f4308ffac94405',1,1,'done',-1,'scripted:think','scripted','1c995c5d4bb60856682cfa88acb53fa7f69ec7dc6ce80999a641234ff5db3860','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.267340','2026-11-26 16:30:19.267721','stop',11,2,NULL,4096,1.15048002044204622507e-04,2.116430005116853863e-04,NULL,'scripted',NULL,'[]','[]','','','The answer is 42.','Hm, 17 + 25.');
INSERT INTO "cell" VALUES(8,'88d7056e21c942ed',0,0,'done',0,'scripted:echo','scripted','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.339102','2026-11-26 16:30:19.339538','stop',9,8,NULL,4096,1.91449998965254053473e-04,0.000520052999490872,NULL,'scripted',NULL,'[]','[]','','','"Sum up a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67  \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','');
INSERT INTO "cell" VALUES(9,'88d7056e21c942ed',1,0,'done',0,'scripted:odd','scripted','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.339149','2026-11-26 16:30:19.339349','stop',9,0,NULL,4096,1.47915001434739679098e-04,1.91760998859535902738e-04,NULL,'scripted',NULL,'[]','[]','','','"a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 ? \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','');
INSERT INTO "cell" VALUES(10,'c0a566358f1340d6',0,0,'done',0,'scripted:echo','scripted','2df42d68a3e7cfc29e9f42bc51e094804f66338bf727b75d6b108f6a86eb65fb','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.378970','2026-11-26 16:30:19.379187','stop',3,2,NULL,4096,1.23092999274376779794e-04,2.06860000616870820522e-04,NULL,'scripted',NULL,'[]','[]','','','Gone b','');
INSERT INTO "cell" VALUES(11,'422e887d16374888',0,0,'done',0,'ollama:big','ollama','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 4294967294, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.610893','2026-11-26 16:30:19.638992','length',12,256,3,8192,0.125,1.5,'sha256:abc','0.3.36','batched','["min_p", "top-k"]','[{"token": "a", "logprob": -0.5, "top": [["a", -0.5], ["\u0000", -2.0]]}, {"token": "", "logprob": -1.0, "top": []}]','','','"a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','"because a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"');
INSERT INTO "cell" VALUES(12,'422e887d16374888',1,0,'error',0,'ollama:big','ollama','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 4294967293, "max_tokens": 256, "stop": []}',NULL,'2026-11-26 16:30:19.666955',NULL,NULL,NULL,NULL,NULL,NULL,0.0,NULL,NULL,NULL,'[]','[]','Too long.','Cut.','','');
INSERT INTO "cell" VALUES(13,'422e887d16374888',1,1,'done',0,'vllm:other','vllm','38430a471a62f737d22aa0b8d0bd2cadc643f0b3e5f5f166cc8ca9fa180e1eaf','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 5, "max_tokens": 256, "stop": []}',NULL,'2026-11-26 16:30:19.753333','stop',NULL,NULL,NULL,NULL,NULL,0.0,NULL,NULL,NULL,'[]','[]','','','two','');
INSERT INTO "cell" VALUES(14,'af6b088ef6814868',0,0,'interrupted',0,'ollama:big','ollama','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 4294967294, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.822916',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,NULL,NULL,NULL,'[]','[]','','','','');
INSERT INTO "cell" VALUES(15,'af6b088ef6814868',1,0,'interrupted',0,'ollama:big','ollama','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 4294967293, "max_tokens": 256, "stop": []}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,NULL,NULL,NULL,'[]','[]','','','','');
INSERT INTO "cell" VALUES(16,'80d33a9e46794903',0,0,'pending',0,'ollama:big','ollama','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 4294967294, "max_tokens": 256, "stop": []}',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,NULL,NULL,NULL,'[]','[]','','','','');
INSERT INTO "cell" VALUES(17,'80d33a9e46794903',1,0,'running',0,'ollama:big','ollama','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 4294967293, "max_tokens": 256, "stop": []}','2026-11-26 16:30:19.862530',NULL,NULL,NULL,NULL,NULL,NULL,NULL,0.0,NULL,NULL,NULL,'[]','[]','','','','');
CREATE TABLE content (
	hash VARCHAR NOT NULL, 
	json_text TEXT NOT NULL, 
	CONSTRAINT pk_content PRIMARY KEY (hash)
);
INSERT INTO "content" VALUES('1d946d47bbf9d33f8a9b92645b4de7d0b9691a2fb19dbc155cf35655891c6d38','{"name":"Refund mail","description":"A mail\u0000with a NUL","name_zh":"\u90ae\u4ef6","description_zh":"","turns":[{"role":"system","template":"You write for {{ who }}."},{"role":"user","template":"Write about a refund of {{ n }}."}],"inputs":[{"name":"who","kind":"text","description":"","required":true,"default":null,"example":"a shop","choices":[]},{"name":"n","kind":"number","description":"","required":false,"default":null,"example":null,"choices":[]}],"checks":[{"scorer":"contains","options":{"text":"refund"},"negate":false,"weight":2.0},{"scorer":"contains","options":{"text":"sorry"},"negate":true,"weight":1.0},{"scorer":"number","options":{"expected":42},"negate":false,"weight":1.0}],"sampling":null,"output_schema":null,"family":"writing","technique":"","tags":["mail","b"],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','{"name":"Refund mail","description":"","name_zh":"","description_zh":"","turns":[{"role":"system","template":"You write for {{ who }}."},{"role":"user","template":"Write a short mail about a refund of {{ n }}."}],"inputs":[{"name":"who","kind":"text","description":"","required":true,"default":null,"example":"a shop","choices":[]},{"name":"n","kind":"number","description":"","required":false,"default":null,"example":null,"choices":[]}],"checks":[{"scorer":"contains","options":{"text":"refund"},"negate":false,"weight":2.0},{"scorer":"contains","options":{"text":"sorry"},"negate":true,"weight":1.0},{"scorer":"number","options":{"expected":42},"negate":false,"weight":1.0}],"sampling":null,"output_schema":null,"family":"","technique":"","tags":["mail"],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('f2e039de070d907fc88248dc2e377c70a2a094b0faba2d929761a94cbb72c33e','{"name":"Refund mail","description":"","name_zh":"","description_zh":"","turns":[{"role":"system","template":"You write for {{ who }}."},{"role":"user","template":"Write a rude mail."}],"inputs":[],"checks":[{"scorer":"contains","options":{"text":"refund"},"negate":false,"weight":2.0},{"scorer":"contains","options":{"text":"sorry"},"negate":true,"weight":1.0},{"scorer":"number","options":{"expected":42},"negate":false,"weight":1.0}],"sampling":null,"output_schema":null,"family":"","technique":"","tags":[],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('3feb3ecfd4b0e3f51e732d95c5ce1486b9a9c4f8c6bf678905b30bf4bbb19287','{"name":"Refund letter","description":"","name_zh":"","description_zh":"","turns":[{"role":"system","template":"You write for {{ who }}."},{"role":"user","template":"Write a short mail about a refund of {{ n }}."}],"inputs":[{"name":"who","kind":"text","description":"","required":true,"default":null,"example":"a shop","choices":[]},{"name":"n","kind":"number","description":"","required":false,"default":null,"example":null,"choices":[]}],"checks":[{"scorer":"contains","options":{"text":"refund"},"negate":false,"weight":2.0},{"scorer":"contains","options":{"text":"sorry"},"negate":true,"weight":1.0},{"scorer":"number","options":{"expected":42},"negate":false,"weight":1.0}],"sampling":null,"output_schema":null,"family":"","technique":"","tags":["mail"],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','{"name":"Summary","description":"","name_zh":"","description_zh":"","turns":[{"role":"user","template":"Sum up {{ text }}"}],"inputs":[],"checks":[],"sampling":null,"output_schema":null,"family":"","technique":"","tags":[],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('32eab871d602116cb8308b045c27e2bf26fdc68a4cf645742b034425e86028b7','{"name":"Old one","description":"","name_zh":"","description_zh":"","turns":[{"role":"user","template":"Old {{ a }}"}],"inputs":[],"checks":[],"sampling":null,"output_schema":null,"family":"","technique":"","tags":[],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('2df42d68a3e7cfc29e9f42bc51e094804f66338bf727b75d6b108f6a86eb65fb','{"name":"Gone","description":"","name_zh":"","description_zh":"","turns":[{"role":"user","template":"Gone {{ a }}"}],"inputs":[],"checks":[],"sampling":null,"output_schema":null,"family":"","technique":"","tags":[],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('1c995c5d4bb60856682cfa88acb53fa7f69ec7dc6ce80999a641234ff5db3860','{"name":"Refund mail","description":"","name_zh":"","description_zh":"","turns":[{"role":"system","template":"You write for {{ who }}."},{"role":"user","template":"Think of {{ who }}: refund?"}],"inputs":[],"checks":[{"scorer":"contains","options":{"text":"refund"},"negate":false,"weight":2.0},{"scorer":"contains","options":{"text":"sorry"},"negate":true,"weight":1.0},{"scorer":"number","options":{"expected":42},"negate":false,"weight":1.0}],"sampling":null,"output_schema":null,"family":"","technique":"","tags":[],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
INSERT INTO "content" VALUES('38430a471a62f737d22aa0b8d0bd2cadc643f0b3e5f5f166cc8ca9fa180e1eaf','{"name":"Refund mail","description":"","name_zh":"","description_zh":"","turns":[{"role":"system","template":"You write for {{ who }}."},{"role":"user","template":"Other"}],"inputs":[],"checks":[],"sampling":null,"output_schema":null,"family":"","technique":"","tags":[],"use_when":"","avoid_when":"","source":"","cases":[],"metadata":{}}');
CREATE TABLE favourite (
	"key" TEXT NOT NULL, 
	CONSTRAINT pk_favourite PRIMARY KEY ("key")
);
INSERT INTO "favourite" VALUES('prompt:9e6677b7e31d4ad8');
INSERT INTO "favourite" VALUES('pattern:techniques/role/role');
CREATE TABLE label (
	prompt_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_label PRIMARY KEY (prompt_id, name), 
	CONSTRAINT fk_label_prompt_id_number FOREIGN KEY(prompt_id, number) REFERENCES version (prompt_id, number)
);
INSERT INTO "label" VALUES('9e6677b7e31d4ad8','production',1);
INSERT INTO "label" VALUES('9e6677b7e31d4ad8','staging',2);
CREATE TABLE prompt (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	name_key VARCHAR, 
	origin VARCHAR NOT NULL, 
	forked_from TEXT NOT NULL, 
	latest INTEGER NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	description TEXT NOT NULL, 
	family TEXT NOT NULL, 
	search_text TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT pk_prompt PRIMARY KEY (id), 
	CONSTRAINT uq_prompt_name_key UNIQUE (name_key), 
	CONSTRAINT fk_prompt_content_hash FOREIGN KEY(content_hash) REFERENCES content (hash)
);
INSERT INTO "prompt" VALUES('9e6677b7e31d4ad8','Refund letter','refund letter','mine','',4,'3feb3ecfd4b0e3f51e732d95c5ce1486b9a9c4f8c6bf678905b30bf4bbb19287','','','refund letter
mail
you write for {{ who }}.
write a short mail about a refund of {{ n }}.','2026-11-26 16:30:17.913069','2026-11-26 16:30:18.564263',NULL);
INSERT INTO "prompt" VALUES('29234aa7852d4fb5','Summary','summary','mine','',1,'30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','','','summary
sum up {{ text }}','2026-11-26 16:30:18.680350','2026-11-26 16:30:18.680350',NULL);
INSERT INTO "prompt" VALUES('85099e3534df4d5e','Old one',NULL,'mine','',1,'32eab871d602116cb8308b045c27e2bf26fdc68a4cf645742b034425e86028b7','','','old one
old {{ a }}','2026-11-26 16:30:18.721383','2026-11-26 16:30:18.721383','2026-11-26 16:30:18.801888');
CREATE TABLE prompt_tag (
	prompt_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	tag TEXT NOT NULL, 
	CONSTRAINT pk_prompt_tag PRIMARY KEY (prompt_id, position), 
	CONSTRAINT fk_prompt_tag_prompt_id FOREIGN KEY(prompt_id) REFERENCES prompt (id)
);
INSERT INTO "prompt_tag" VALUES('9e6677b7e31d4ad8',0,'mail');
CREATE TABLE run (
	id VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	status VARCHAR NOT NULL, 
	title TEXT NOT NULL, 
	note TEXT NOT NULL, 
	version_id VARCHAR, 
	content_hash VARCHAR NOT NULL, 
	search_text TEXT NOT NULL, 
	comparison JSON NOT NULL, 
	CONSTRAINT pk_run PRIMARY KEY (id), 
	CONSTRAINT fk_run_version_id FOREIGN KEY(version_id) REFERENCES version (id), 
	CONSTRAINT fk_run_content_hash FOREIGN KEY(content_hash) REFERENCES content (hash)
);
INSERT INTO "run" VALUES('53f4308ffac94405','2026-11-26 16:30:18.865907','done','Refund mail','"Remember \u0000 this \u2602"','42f36975fcec4aac','4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','refund mail
remember   this ☂
scripted:echo scripted:think scripted:broken scripted:slow
a shop
17
1
x y
you write for {{ who }}.
write a short mail about a refund of {{ n }}.
you write for {{ who }}.
think of {{ who }}: refund?
write a short mail about a refund of 17.
the answer is 42.
half an 
once upon 
write a short mail about a refund of 17.
write a short mail about a refund of 17.
the answer is 42.','{"prompt": "4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b", "values": {"who": "a shop", "n": 17, "rows": [{"in": 1, "out": null}], "odd": "x\u0000y"}, "columns": [{"model": "scripted:echo", "sampling": {"temperature": 0.7, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": null, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}, {"model": "scripted:think", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": "1c995c5d4bb60856682cfa88acb53fa7f69ec7dc6ce80999a641234ff5db3860", "thinking": false, "top_logprobs": null}, {"model": "scripted:broken", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": true, "top_logprobs": null}, {"model": "scripted:slow", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 5, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": ["\n"]}, "prompt": null, "thinking": false, "top_logprobs": null}], "same_text": "", "images": []}');
INSERT INTO "run" VALUES('88d7056e21c942ed','2026-11-26 16:30:19.320732','done','Summary','','372272758aed4900','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','summary
scripted:echo scripted:odd
a b 👩‍👩‍👧  x שלום é
<script>
sum up {{ text }}
sum up a b 👩‍👩‍👧  x שלום é
<script>
a b 👩‍👩‍👧 ? x שלום é
<script>','{"prompt": "30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75", "values": {"text": "a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67  \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"}, "columns": [{"model": "scripted:echo", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}, {"model": "scripted:odd", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": 2}], "same_text": "", "images": [{"sha256": "b2d253ada445cdb70a1d8f824509467e1af8301950e929dd7e14eb3cf11dac62"}, "no base64"]}');
INSERT INTO "run" VALUES('c0a566358f1340d6','2026-11-26 16:30:19.360931','done','Gone','',NULL,'2df42d68a3e7cfc29e9f42bc51e094804f66338bf727b75d6b108f6a86eb65fb','gone
scripted:echo
b
gone {{ a }}
gone b','{"prompt": "2df42d68a3e7cfc29e9f42bc51e094804f66338bf727b75d6b108f6a86eb65fb", "values": {"a": "b"}, "columns": [{"model": "scripted:echo", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}], "same_text": "", "images": []}');
INSERT INTO "run" VALUES('422e887d16374888','2026-11-26 16:30:19.595519','done','"By hand a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','',NULL,'30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','by hand a b 👩‍👩‍👧   x שלום é
<script>
ollama:big vllm:other
new
sum up {{ text }}
a b 👩‍👩‍👧   x שלום é
<script>
two','{"prompt": "30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75", "values": {"text": "new"}, "columns": [{"model": "ollama:big", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}, {"model": "ollama:big", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}], "same_text": "", "images": []}');
INSERT INTO "run" VALUES('af6b088ef6814868','2026-11-26 16:30:19.797274','interrupted','Killed','',NULL,'30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','killed
ollama:big
sum up {{ text }}','{"prompt": "30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75", "values": {}, "columns": [{"model": "ollama:big", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}, {"model": "ollama:big", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}], "same_text": "", "images": []}');
INSERT INTO "run" VALUES('80d33a9e46794903','2026-11-26 16:30:19.845894','running','Left running','',NULL,'30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','left running
ollama:big
sum up {{ text }}','{"prompt": "30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75", "values": {}, "columns": [{"model": "ollama:big", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}, {"model": "ollama:big", "sampling": {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "seed": 42, "max_tokens": 256, "stop": []}, "prompt": null, "thinking": false, "top_logprobs": null}], "same_text": "", "images": []}');
CREATE TABLE score (
	cell_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	value FLOAT, 
	answer TEXT NOT NULL, 
	explanation TEXT NOT NULL, 
	weight FLOAT NOT NULL, 
	CONSTRAINT pk_score PRIMARY KEY (cell_id, number), 
	CONSTRAINT fk_score_cell_id FOREIGN KEY(cell_id) REFERENCES cell (id)
);
INSERT INTO "score" VALUES(3,0,'contains "refund"',NULL,'Half an','does not apply: the answer is incomplete',2.0);
INSERT INTO "score" VALUES(3,1,'not: contains "sorry"',NULL,'Half an','does not apply: the answer is incomplete',1.0);
INSERT INTO "score" VALUES(3,2,'number 42',NULL,'Half an','does not apply: the answer is incomplete',1.0);
INSERT INTO "score" VALUES(4,0,'contains "refund"',NULL,'Once upon','does not apply: the answer is incomplete',2.0);
INSERT INTO "score" VALUES(4,1,'not: contains "sorry"',NULL,'Once upon','does not apply: the answer is incomplete',1.0);
INSERT INTO "score" VALUES(4,2,'number 42',NULL,'Once upon','does not apply: the answer is incomplete',1.0);
INSERT INTO "score" VALUES(2,0,'contains "refund"',0.0,'The answer is 42.','did not find "refund"',2.0);
INSERT INTO "score" VALUES(2,1,'not: contains "sorry"',1.0,'The answer is 42.','did not find "sorry", as wanted',1.0);
INSERT INTO "score" VALUES(2,2,'number 42',1.0,'42','found 42',1.0);
INSERT INTO "score" VALUES(1,0,'contains "refund"',1.0,'Write a short mail about a refund of 17.','found "refund"',2.0);
INSERT INTO "score" VALUES(1,1,'not: contains "sorry"',1.0,'Write a short mail about a refund of 17.','did not find "sorry", as wanted',1.0);
INSERT INTO "score" VALUES(1,2,'number 42',0.0,'17','found 17, 25 away from 42',1.0);
INSERT INTO "score" VALUES(5,0,'contains "refund"',1.0,'Write a short mail about a refund of 17.','found "refund"',2.0);
INSERT INTO "score" VALUES(5,1,'not: contains "sorry"',1.0,'Write a short mail about a refund of 17.','did not find "sorry", as wanted',1.0);
INSERT INTO "score" VALUES(5,2,'number 42',0.0,'17','found 17, 25 away from 42',1.0);
INSERT INTO "score" VALUES(6,0,'contains "refund"',1.0,'Write a short mail about a refund of 17.','found "refund"',2.0);
INSERT INTO "score" VALUES(6,1,'not: contains "sorry"',1.0,'Write a short mail about a refund of 17.','did not find "sorry", as wanted',1.0);
INSERT INTO "score" VALUES(6,2,'number 42',0.0,'17','found 17, 25 away from 42',1.0);
INSERT INTO "score" VALUES(7,0,'contains "refund"',0.0,'The answer is 42.','did not find "refund"',2.0);
INSERT INTO "score" VALUES(7,1,'not: contains "sorry"',1.0,'The answer is 42.','did not find "sorry", as wanted',1.0);
INSERT INTO "score" VALUES(7,2,'number 42',1.0,'42','found 42',1.0);
INSERT INTO "score" VALUES(11,0,'contains',1.0,'"a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','It is there.',2.0);
INSERT INTO "score" VALUES(11,1,'number',NULL,'','No number.',1.0);
CREATE TABLE step (
	cell_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	messages JSON NOT NULL, 
	rendered_prompt TEXT, 
	text TEXT NOT NULL, 
	reasoning TEXT NOT NULL, 
	finish VARCHAR, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	first_token_s FLOAT, 
	total_s FLOAT, 
	CONSTRAINT pk_step PRIMARY KEY (cell_id, number), 
	CONSTRAINT fk_step_cell_id FOREIGN KEY(cell_id) REFERENCES cell (id)
);
INSERT INTO "step" VALUES(3,0,'','[{"role": "system", "content": "You write for a shop."}, {"role": "user", "content": "Write a short mail about a refund of 17."}]',NULL,'Half an ','','error',NULL,NULL,4.68316000478807836771e-04,4.99202000355580821633e-04);
INSERT INTO "step" VALUES(4,0,'','[{"role": "system", "content": "You write for a shop."}, {"role": "user", "content": "Write a short mail about a refund of 17."}]',NULL,'Once upon ','','cancelled',NULL,NULL,3.25308999890694394707e-04,4.726065999420825392e-03);
INSERT INTO "step" VALUES(2,0,'','[{"role": "system", "content": "You write for a shop."}, {"role": "user", "content": "Think of a shop: refund?"}]','<system>You write for a shop.
<user>Think of a shop: refund?
<assistant>','The answer is 42.','Hm, 17 + 25.','stop',11,2,4.76019999041454866528e-04,0.0051399109979684);
INSERT INTO "step" VALUES(1,0,'','[{"role": "system", "content": "You write for a shop."}, {"role": "user", "content": "Write a short mail about a refund of 17."}]','<system>You write for a shop.
<user>Write a short mail about a refund of 17.
<assistant>','Write a short mail about a refund of 17.','','stop',15,9,6.42807997792260721325e-04,5.92136599880177527666e-03);
INSERT INTO "step" VALUES(5,0,'','[{"role": "system", "content": "You write for a shop."}, {"role": "user", "content": "Write a short mail about a refund of 17."}]','<system>You write for a shop.
<user>Write a short mail about a refund of 17.
<assistant>','Write a short mail about a refund of 17.','','stop',15,9,1.67979997058864682912e-04,3.57077999069588258862e-04);
INSERT INTO "step" VALUES(6,0,'','[{"role": "system", "content": "You write for a shop."}, {"role": "user", "content": "Write a short mail about a refund of 17."}]','<system>You write for a shop.
<user>Write a short mail about a refund of 17.
<assistant>','Write a short mail about a refund of 17.','','stop',15,9,2.7407900051912292838e-04,0.000626544002443552);
INSERT INTO "step" VALUES(7,0,'','[{"role": "system", "content": "You write for a shop."}, {"role": "user", "content": "Think of a shop: refund?"}]','<system>You write for a shop.
<user>Think of a shop: refund?
<assistant>','The answer is 42.','Hm, 17 + 25.','stop',11,2,1.15048002044204622507e-04,2.116430005116853863e-04);
INSERT INTO "step" VALUES(9,0,'','[{"role": "user", "content": "Sum up a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67  \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"}]','"<user>Sum up a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67  \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>\n<assistant>"','"a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 ? \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','','stop',9,0,1.47915001434739679098e-04,1.91760998859535902738e-04);
INSERT INTO "step" VALUES(8,0,'','[{"role": "user", "content": "Sum up a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67  \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"}]','"<user>Sum up a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67  \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>\n<assistant>"','"Sum up a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67  \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','','stop',9,8,1.91449998965254053473e-04,0.000520052999490872);
INSERT INTO "step" VALUES(10,0,'','[{"role": "user", "content": "Gone b"}]','<user>Gone b
<assistant>','Gone b','','stop',3,2,1.23092999274376779794e-04,2.06860000616870820522e-04);
INSERT INTO "step" VALUES(11,0,'','[{"role": "system", "content": "\u0001 odd"}, {"role": "user", "content": "a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"}]','"<|im|>a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','"a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','"because a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"','length',12,256,0.125,1.5);
INSERT INTO "step" VALUES(12,0,'','[]',NULL,'','',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "step" VALUES(13,0,'','[{"role": "user", "content": "a\u0000b \ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67 \ud800 \u0001x \u05e9\u05dc\u05d5\u05dd e\u0301\r\n<script>"}]',NULL,'two','','stop',NULL,NULL,NULL,0.0);
CREATE TABLE sync_mark (
	folder TEXT NOT NULL, 
	path TEXT NOT NULL, 
	prompt_id VARCHAR NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	CONSTRAINT pk_sync_mark PRIMARY KEY (folder, path)
);
INSERT INTO "sync_mark" VALUES('/tmp/synced','summary.prompty','29234aa7852d4fb5','30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75',1700000000000000000,321);
CREATE TABLE version (
	id VARCHAR NOT NULL, 
	prompt_id VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	message TEXT NOT NULL, 
	author TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	variant VARCHAR NOT NULL, 
	CONSTRAINT pk_version PRIMARY KEY (id), 
	CONSTRAINT uq_version_prompt_id_number UNIQUE (prompt_id, number), 
	CONSTRAINT fk_version_prompt_id FOREIGN KEY(prompt_id) REFERENCES prompt (id), 
	CONSTRAINT fk_version_content_hash FOREIGN KEY(content_hash) REFERENCES content (hash)
);
INSERT INTO "version" VALUES('92e8ae37f000448f','9e6677b7e31d4ad8',1,'1d946d47bbf9d33f8a9b92645b4de7d0b9691a2fb19dbc155cf35655891c6d38','first','Ada','2026-11-26 16:30:17.913069','');
INSERT INTO "version" VALUES('42f36975fcec4aac','9e6677b7e31d4ad8',2,'4f8e138449b1745c82f004bddb3b2514f89dd6ce3d9d1b34fc83550af278891b','shorter','Grace','2026-11-26 16:30:18.161591','');
INSERT INTO "version" VALUES('186fdc04be6a44b7','9e6677b7e31d4ad8',3,'f2e039de070d907fc88248dc2e377c70a2a094b0faba2d929761a94cbb72c33e','v','','2026-11-26 16:30:18.289545','rude');
INSERT INTO "version" VALUES('5f38e9b774ba4fc5','9e6677b7e31d4ad8',4,'3feb3ecfd4b0e3f51e732d95c5ce1486b9a9c4f8c6bf678905b30bf4bbb19287','Renamed from "Refund mail"','','2026-11-26 16:30:18.564263','');
INSERT INTO "version" VALUES('372272758aed4900','29234aa7852d4fb5',1,'30954960ce7aa42ec478c7d337d72b109fb4b3acd4658ec079809d3bf1031c75','x','','2026-11-26 16:30:18.680350','');
INSERT INTO "version" VALUES('fc7181ead66f4db0','85099e3534df4d5e',1,'32eab871d602116cb8308b045c27e2bf26fdc68a4cf645742b034425e86028b7','old','','2026-11-26 16:30:18.721383','');
CREATE TABLE vote (
	run_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	cell_id INTEGER, 
	note TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_vote PRIMARY KEY (run_id), 
	CONSTRAINT fk_vote_run_id FOREIGN KEY(run_id) REFERENCES run (id), 
	CONSTRAINT fk_vote_cell_id FOREIGN KEY(cell_id) REFERENCES cell (id)
);
INSERT INTO "vote" VALUES('53f4308ffac94405','column',7,'clearer','2026-11-26 16:30:19.295584');
INSERT INTO "vote" VALUES('88d7056e21c942ed','tie',NULL,'','2026-11-26 16:30:19.358745');
INSERT INTO "vote" VALUES('c0a566358f1340d6','all_bad',NULL,'no','2026-11-26 16:30:19.409881');
CREATE INDEX ix_prompt_content_hash ON prompt (content_hash);
CREATE INDEX ix_prompt_tag_tag_prompt_id ON prompt_tag (tag, prompt_id);
CREATE INDEX ix_version_content_hash ON version (content_hash);
CREATE INDEX ix_run_status ON run (status);
CREATE INDEX ix_run_content_hash ON run (content_hash);
CREATE INDEX ix_run_version_id ON run (version_id);
CREATE INDEX ix_run_created_at_id ON run (created_at, id);
CREATE INDEX ix_cell_content_hash ON cell (content_hash);
COMMIT;
