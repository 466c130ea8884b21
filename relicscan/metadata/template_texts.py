"""The words of the relic.toml template: comments and example values in five languages.

Values are those of an invented amphora.
"""

from __future__ import annotations

from typing import TypedDict

Words = TypedDict("Words", {"en": str, "zh-Hans": str, "de": str, "fr": str, "it": str})

LANGUAGES = ("en", "zh-Hans", "de", "fr", "it")

COMMENTS: dict[str, Words] = {
    "head": {
        "en": "What this object is, and how its scans are to be read.\n"
        "Everything is optional. To use a key, remove the # before it and put your own value.\n"
        "Texts can be given in any language: title.en, title.zh-Hans, … Save this file as UTF-8.",
        "zh-Hans": "说明这件文物是什么，以及如何读取它的扫描数据。\n"
        "所有项目均可省略。需要某一项时，删去行首的 #，并改成自己的值。\n"
        "文字可用任意语言填写：title.zh-Hans、title.en 等。文件请以 UTF-8 编码保存。",
        "de": "Was dieses Objekt ist und wie seine Scans zu lesen sind.\n"
        "Alles ist freiwillig. Um eine Angabe zu nutzen, das # löschen und den Wert anpassen.\n"
        "Texte sind in jeder Sprache möglich: title.de, title.en, … Die Datei als UTF-8 speichern.",
        "fr": "Ce qu'est cet objet, et comment lire ses numérisations.\n"
        "Tout est facultatif. Pour utiliser une clé, retirez le # et indiquez votre valeur.\n"
        "Les textes sont possibles en toute langue : title.fr, title.en… Enregistrez en UTF-8.",
        "it": "Che cos'è questo oggetto e come vanno lette le sue scansioni.\n"
        "Tutto è facoltativo. Per usare una chiave, togliere il # e scrivere il proprio valore.\n"
        "I testi possono essere in qualsiasi lingua: title.it, title.en, … Salvare in UTF-8.",
    },
    "id": {
        "en": "Name of the relic in addresses and folders: a-z, 0-9, '-', '_', '.'. "
        "Without it: from the path.",
        "zh-Hans": "文物在网址和文件夹中的名称：a-z、0-9、“-”、“_”、“.”。省略时取自路径。",
        "de": "Name des Objekts in Adressen und Ordnern: a-z, 0-9, '-', '_', '.'. "
        "Fehlt er, gilt der Pfad.",
        "fr": "Nom de l'objet dans les adresses et dossiers : a-z, 0-9, '-', '_', '.'. "
        "Sinon : le chemin.",
        "it": "Nome dell'oggetto in indirizzi e cartelle: a-z, 0-9, '-', '_', '.'. "
        "Altrimenti: il percorso.",
    },
    "title": {
        "en": "Title, one line per language.",
        "zh-Hans": "名称，每种语言一行。",
        "de": "Titel, je Sprache eine Zeile.",
        "fr": "Titre, une ligne par langue.",
        "it": "Titolo, una riga per lingua.",
    },
    "description": {
        "en": "A few sentences for visitors.",
        "zh-Hans": "写给观众的简短说明。",
        "de": "Einige Sätze für das Publikum.",
        "fr": "Quelques phrases pour le public.",
        "it": "Qualche frase per il pubblico.",
    },
    "type": {
        "en": "Kind of object, by name and in the Getty Art & Architecture Thesaurus.",
        "zh-Hans": "文物类别：名称，以及盖蒂艺术与建筑词表（AAT）中的概念。",
        "de": "Art des Objekts, mit Namen und im Art & Architecture Thesaurus von Getty.",
        "fr": "Type d'objet, par son nom et dans l'Art & Architecture Thesaurus du Getty.",
        "it": "Tipo di oggetto, per nome e nell'Art & Architecture Thesaurus del Getty.",
    },
    "making": {
        "en": "What it is made of, and where, in which culture and by whom it was made.",
        "zh-Hans": "材质，以及制作的文化、地点和作者。",
        "de": "Woraus, in welcher Kultur, wo und von wem es gemacht ist.",
        "fr": "Matériau, culture, lieu et auteur.",
        "it": "Materiale, cultura, luogo e autore.",
    },
    "inventory_number": {
        "en": "Inventory number of the museum.",
        "zh-Hans": "馆藏编号。",
        "de": "Inventarnummer des Museums.",
        "fr": "Numéro d'inventaire du musée.",
        "it": "Numero d'inventario del museo.",
    },
    "dating": {
        "en": "Date in EDTF (years BC are astronomical: 530 BC is -0529) and as it is to be read.",
        "zh-Hans": "年代：EDTF 格式（公元前按天文纪年：公元前 530 年为 -0529）和展示文字。",
        "de": "Datierung in EDTF (astronomische Jahre: 530 v. Chr. ist -0529) und als Text.",
        "fr": "Date en EDTF (années astronomiques : 530 av. J.-C. = -0529) et en clair.",
        "it": "Data in EDTF (anni astronomici: 530 a.C. = -0529) e come va letta.",
    },
    "represents": {
        "en": "What the model shows: existing state, restoration, reconstruction or born digital.",
        "zh-Hans": "模型所表现的内容：existing state（现状）、restoration（修复）、"
        "reconstruction（复原）、born digital（数字原生）。",
        "de": "Was das Modell zeigt: existing state (heutiger Zustand),\n"
        "restoration (Restaurierung), reconstruction (Rekonstruktion),\n"
        "born digital (digital entstanden).",
        "fr": "Ce que montre le modèle : existing state (état actuel),\n"
        "restoration (restauration), reconstruction (restitution),\n"
        "born digital (créé numériquement).",
        "it": "Che cosa mostra il modello: existing state (stato attuale),\n"
        "restoration (restauro), reconstruction (ricostruzione), born digital (nato digitale).",
    },
    "museum": {
        "en": "Whose object it is; id is an identifier such as an ISIL.",
        "zh-Hans": "所属博物馆；id 为机构代码，例如 ISIL。",
        "de": "Wem das Objekt gehört; id ist eine Kennung wie die ISIL.",
        "fr": "À qui est l'objet ; id est un identifiant, par exemple un ISIL.",
        "it": "Di chi è l'oggetto; id è un identificativo, per esempio un ISIL.",
    },
    "rights": {
        "en": "Rights in the object and in the digital copy, each as the address of a licence\n"
        "or a rights statement (creativecommons.org, rightsstatements.org).",
        "zh-Hans": "文物本身与数字副本的权利，分别填写许可协议或权利声明的网址\n"
        "（creativecommons.org、rightsstatements.org）。",
        "de": "Rechte am Objekt und am Digitalisat, jeweils als Adresse einer Lizenz oder eines\n"
        "Rechtehinweises (creativecommons.org, rightsstatements.org).",
        "fr": "Droits sur l'objet et sur la copie numérique, par l'adresse d'une licence ou d'une\n"
        "déclaration de droits (creativecommons.org, rightsstatements.org).",
        "it": "Diritti sull'oggetto e sulla copia digitale, come indirizzo di una licenza\n"
        "o di una dichiarazione dei diritti (creativecommons.org, rightsstatements.org).",
    },
    "capture": {
        "en": "How it was scanned; the operator may be a pseudonym.",
        "zh-Hans": "扫描方式；操作人员可用化名。",
        "de": "Wie gescannt wurde; für operator genügt ein Pseudonym.",
        "fr": "Comment l'objet a été numérisé ; l'opérateur peut être un pseudonyme.",
        "it": "Come è stato scansionato; per operator va bene uno pseudonimo.",
    },
    "unit": {
        "en": "Unit of the scan files: mm, cm, dm, m, in, ft or us-ft (US survey foot).",
        "zh-Hans": "扫描文件的单位：mm、cm、dm、m、in（英寸）、ft（英尺）、us-ft（美国测量英尺）。",
        "de": "Einheit der Dateien: mm, cm, dm, m, in (Zoll), ft (Fuß), us-ft (US-Vermessungsfuß).",
        "fr": "Unité des fichiers : mm, cm, dm, m, in (pouce), ft (pied),\n"
        "us-ft (pied géodésique américain).",
        "it": "Unità dei file: mm, cm, dm, m, in (pollici), ft (piedi),\n"
        "us-ft (piedi topografici USA).",
    },
    "up": {
        "en": "Which axis of the scans points up, and which to the front of the object.",
        "zh-Hans": "扫描坐标中，哪个轴朝上，哪个轴朝向文物正面。",
        "de": "Welche Achse der Scans nach oben zeigt und welche zur Vorderseite des Objekts.",
        "fr": "Quel axe pointe vers le haut, et lequel vers la face avant de l'objet.",
        "it": "Quale asse punta verso l'alto e quale verso la parte anteriore.",
    },
    "frame": {
        "en": "The scans are aligned with one another already.",
        "zh-Hans": "各次扫描已经互相对齐（同一坐标系）。",
        "de": "Die Scans sind bereits zueinander ausgerichtet.",
        "fr": "Les numérisations sont déjà alignées entre elles.",
        "it": "Le scansioni sono già allineate tra loro.",
    },
    "files": {
        "en": "Only these files are scans of the object.",
        "zh-Hans": "只有这些文件是该文物的扫描数据。",
        "de": "Nur diese Dateien sind Scans des Objekts.",
        "fr": "Seuls ces fichiers sont des numérisations de l'objet.",
        "it": "Solo questi file sono scansioni dell'oggetto.",
    },
    "pose": {
        "en": "Where a scan stands: a 4x4 matrix, row by row, from its file to the common frame.\n"
        "It stays exactly there; with rough = true it is refined.",
        "zh-Hans": "单次扫描的位姿：从文件坐标到公共坐标的 4x4 矩阵，按行书写。\n"
        "扫描会严格保持该位姿；rough = true 表示大致位姿，将进一步优化。",
        "de": "Lage eines Scans: 4x4-Matrix, zeilenweise, von der Datei ins gemeinsame System.\n"
        "Er bleibt genau dort; mit rough = true wird die Lage verfeinert.",
        "fr": "Pose d'une numérisation : matrice 4x4, par lignes, du fichier au repère commun.\n"
        "Elle y reste exactement ; avec rough = true, la pose est affinée.",
        "it": "Posa di una scansione: matrice 4x4, per righe, dal file al sistema comune.\n"
        "Resta esattamente lì; con rough = true la posa viene affinata.",
    },
    "match": {
        "en": "Three or more places that two scans show, in the same order: one scan is put "
        "onto the\n"
        "other by them, and refined.",
        "zh-Hans": "两次扫描都能看到的三处或更多位置，顺序一致：据此对齐两次扫描，再进一步优化。",
        "de": "Drei oder mehr Stellen, die zwei Scans zeigen, in gleicher Reihenfolge: danach "
        "wird\n"
        "der eine auf den anderen gelegt und verfeinert.",
        "fr": "Trois points ou plus visibles sur deux numérisations, dans le même ordre : "
        "l'une est\n"
        "posée sur l'autre d'après eux, puis affinée.",
        "it": "Tre o più punti visibili in due scansioni, nello stesso ordine: in base ad essi "
        "l'una\n"
        "viene posta sull'altra, poi affinata.",
    },
    "turntable": {
        "en": "The scanner stood still and a table turned: a point on its axis, the direction "
        "that it\n"
        "turns about by the right hand, and the turn from one scan to the next.",
        "zh-Hans": "扫描仪不动、转台转动：轴上一点、按右手法则的转轴方向，以及相邻两次扫描的转角。",
        "de": "Der Scanner stand still, ein Teller drehte sich: ein Punkt seiner Achse, deren "
        "Richtung\n"
        "nach der rechten Hand und die Drehung von Scan zu Scan.",
        "fr": "Le scanner était fixe, un plateau tournait : un point de son axe, la direction de\n"
        "l'axe selon la main droite, et l'angle d'une numérisation à la suivante.",
        "it": "Lo scanner era fermo e un piatto girava: un punto del suo asse, la direzione "
        "secondo\n"
        "la mano destra e l'angolo da una scansione alla successiva.",
    },
    "distance": {
        "en": "A known distance, such as a scale bar: two points on the scan and their distance.\n"
        "It sets the scale where no unit is given, else it checks the unit. Give several.",
        "zh-Hans": "已知距离，例如标尺：扫描上的两点及其实际距离。\n"
        "未写单位时用它确定大小，写了单位时用它检查单位。最好给出多个。",
        "de": "Eine bekannte Strecke, etwa ein Maßstab: zwei Punkte auf dem Scan und ihr Abstand.\n"
        "Ohne Einheit bestimmt sie die Größe, sonst prüft sie die Einheit. Besser mehrere.",
        "fr": "Une distance connue, par exemple une mire : deux points du scan et leur écart.\n"
        "Sans unité, elle donne l'échelle, sinon elle vérifie l'unité. Mieux vaut plusieurs.",
        "it": "Una distanza nota, per esempio una barra: due punti della scansione e la misura.\n"
        "Senza unità dà la scala, altrimenti verifica l'unità. Meglio indicarne più d'una.",
    },
    "support": {
        "en": "The plate or table that the object stood on: remove or keep.",
        "zh-Hans": "文物下方的转盘或台面：remove（去除）或 keep（保留）。",
        "de": "Drehteller oder Tisch unter dem Objekt: remove (entfernen) oder keep (behalten).",
        "fr": "Le plateau ou la table sous l'objet : remove (enlever) ou keep (garder).",
        "it": "Il piatto girevole o il tavolo sotto l'oggetto: remove (togliere) o keep (tenere).",
    },
    "box": {
        "en": "A box around the object, in the coordinates of the scans.",
        "zh-Hans": "包围文物的长方体范围，使用扫描坐标。",
        "de": "Ein Quader um das Objekt, in den Koordinaten der Scans.",
        "fr": "Une boîte autour de l'objet, dans les coordonnées des numérisations.",
        "it": "Un parallelepipedo attorno all'oggetto, nelle coordinate delle scansioni.",
    },
    "pipeline": {
        "en": "Which pipeline to use, and what to set otherwise for this object "
        "(`relicscan stages`).",
        "zh-Hans": "使用哪条处理流程，以及该文物需要另行设置的参数（见 `relicscan stages`）。",
        "de": "Welche Pipeline gilt und was für dieses Objekt anders ist (`relicscan stages`).",
        "fr": "La chaîne de traitement, et les réglages propres à cet objet (`relicscan stages`).",
        "it": "La catena di elaborazione e le modifiche per questo oggetto (`relicscan stages`).",
    },
    "hotspot": {
        "en": "A place on the object that has something to tell, in the coordinates of the scans.",
        "zh-Hans": "文物上值得讲解的位置（热点），使用扫描坐标。",
        "de": "Eine Stelle am Objekt, die etwas erzählt, in den Koordinaten der Scans.",
        "fr": "Un point de l'objet qui mérite une explication, en coordonnées des fichiers.",
        "it": "Un punto dell'oggetto che merita una spiegazione, in coordinate delle scansioni.",
    },
    "tour": {
        "en": "A guided tour from hotspot to hotspot.",
        "zh-Hans": "依次经过各热点的导览路线。",
        "de": "Eine Führung von Stelle zu Stelle.",
        "fr": "Une visite guidée de point en point.",
        "it": "Una visita guidata da un punto all'altro.",
    },
    "languages": {
        "en": "Languages that every text should be given in: what is missing is told.",
        "zh-Hans": "所有文字应具备的语言：缺少的会在报告中列出。",
        "de": "Sprachen, in denen jeder Text vorliegen soll: Was fehlt, wird gemeldet.",
        "fr": "Langues dans lesquelles chaque texte est attendu : ce qui manque est signalé.",
        "it": "Lingue in cui ogni testo dovrebbe esserci: ciò che manca viene segnalato.",
    },
    "dimension": {
        "en": "Measures from the catalogue, compared with the model: height, width, depth,\n"
        "length, diameter or thickness. Decimals in quotes, as they are written there.",
        "zh-Hans": "目录中的尺寸，会与模型比对：height（高）、width（宽）、depth（深）、\n"
        "length（长）、diameter（直径）或 thickness（厚）。小数按目录原样写在引号内。",
        "de": "Maße aus dem Katalog, mit dem Modell verglichen: height (Höhe), width (Breite),\n"
        "depth (Tiefe), length (Länge), diameter (Durchmesser), thickness (Dicke).\n"
        "Dezimalzahlen mit Punkt, in Anführungszeichen.",
        "fr": "Dimensions du catalogue, comparées au modèle : height (hauteur), width (largeur),\n"
        "depth (profondeur), length (longueur), diameter (diamètre), thickness (épaisseur).\n"
        "Décimales avec un point, entre guillemets.",
        "it": "Misure del catalogo, confrontate con il modello: height (altezza),\n"
        "width (larghezza), depth (profondità), length (lunghezza), diameter (diametro),\n"
        "thickness (spessore).\n"
        "Decimali con il punto, tra virgolette.",
    },
    "scale": {
        "en": "How the size is known: measured (say with what), declared or unknown.",
        "zh-Hans": "尺寸的依据：measured（实测，请注明方法）、declared（申明）或 unknown（未知）。",
        "de": "Woher die Größe bekannt ist: measured (gemessen, womit?), declared (angegeben)\n"
        "oder unknown (unbekannt).",
        "fr": "D'où vient l'échelle : measured (mesurée, par quoi ?), declared (déclarée)\n"
        "ou unknown (inconnue).",
        "it": "Da dove viene la scala: measured (misurata, con che cosa?), declared (dichiarata)\n"
        "o unknown (ignota).",
    },
    "related": {
        "en": "Other objects, by id or address: part of, has part, copy of, has copy, pair of,\n"
        "found with or see.",
        "zh-Hans": "相关文物，用 id 或网址：part of（属于）、has part（包含）、copy of（摹自）、\n"
        "has copy（有摹本）、pair of（成对）、found with（同出）、see（参见）。",
        "de": "Andere Objekte, mit id oder Adresse: part of (Teil von), has part (hat Teil),\n"
        "copy of (Kopie von), has copy (hat Kopie), pair of (Gegenstück),\n"
        "found with (mitgefunden), see (siehe).",
        "fr": "Autres objets, par id ou adresse : part of (partie de), has part (a pour partie),\n"
        "copy of (copie de), has copy (a pour copie), pair of (pendant),\n"
        "found with (trouvé avec), see (voir).",
        "it": "Altri oggetti, per id o indirizzo: part of (parte di), has part (ha parte),\n"
        "copy of (copia di), has copy (ha copia), pair of (pendant),\n"
        "found with (trovato con), see (vedi).",
    },
}

EXAMPLES: dict[str, Words] = {
    "title": {
        "en": "Painted amphora",
        "zh-Hans": "彩绘双耳瓶",
        "de": "Bemalte Amphora",
        "fr": "Amphore peinte",
        "it": "Anfora dipinta",
    },
    "description": {
        "en": "A storage jar with two handles, painted with dancers.",
        "zh-Hans": "带双耳的储物陶瓶，绘有舞者。",
        "de": "Ein Vorratsgefäß mit zwei Henkeln, bemalt mit Tänzerinnen.",
        "fr": "Un vase de stockage à deux anses, orné de danseuses.",
        "it": "Un vaso da conservazione a due anse, decorato con danzatrici.",
    },
    "type.label": {
        "en": "amphora",
        "zh-Hans": "双耳瓶",
        "de": "Amphora",
        "fr": "amphore",
        "it": "anfora",
    },
    "material": {
        "en": "fired clay",
        "zh-Hans": "陶",
        "de": "gebrannter Ton",
        "fr": "terre cuite",
        "it": "terracotta",
    },
    "culture": {
        "en": "Greek",
        "zh-Hans": "古希腊",
        "de": "griechisch",
        "fr": "grecque",
        "it": "greca",
    },
    "place": {"en": "Attica", "zh-Hans": "阿提卡", "de": "Attika", "fr": "Attique", "it": "Attica"},
    "maker": {
        "en": "unknown",
        "zh-Hans": "佚名",
        "de": "unbekannt",
        "fr": "inconnu",
        "it": "ignoto",
    },
    "dating.display": {
        "en": "530-520 BC",
        "zh-Hans": "公元前530年至前520年",
        "de": "530-520 v. Chr.",
        "fr": "530-520 av. J.-C.",
        "it": "530-520 a.C.",
    },
    "name": {
        "en": "Sample Museum",
        "zh-Hans": "示例博物馆",
        "de": "Beispielmuseum",
        "fr": "Musée d'exemple",
        "it": "Museo di esempio",
    },
    "attribution": {
        "en": "Sample Museum, 2026",
        "zh-Hans": "示例博物馆，2026年",
        "de": "Beispielmuseum, 2026",
        "fr": "Musée d'exemple, 2026",
        "it": "Museo di esempio, 2026",
    },
    "restrictions": {
        "en": "No use in advertising.",
        "zh-Hans": "不得用于广告。",
        "de": "Keine Verwendung in der Werbung.",
        "fr": "Pas d'usage publicitaire.",
        "it": "Nessun uso pubblicitario.",
    },
    "method": {
        "en": "structured light",
        "zh-Hans": "结构光扫描",
        "de": "Streifenlichtprojektion",
        "fr": "lumière structurée",
        "it": "luce strutturata",
    },
    "calibration": {
        "en": "calibrated on the day with the maker's plate",
        "zh-Hans": "当日用厂家标定板校准",
        "de": "am selben Tag mit der Kalibrierplatte des Herstellers kalibriert",
        "fr": "étalonné le jour même avec la mire du fabricant",
        "it": "calibrato in giornata con la piastra del produttore",
    },
    "notes": {
        "en": "The foot could not be seen from below.",
        "zh-Hans": "无法从下方扫描底足。",
        "de": "Der Fuß war von unten nicht zugänglich.",
        "fr": "Le pied n'a pas pu être vu par-dessous.",
        "it": "Il piede non era visibile dal basso.",
    },
    "hotspot.title": {
        "en": "The left handle",
        "zh-Hans": "左耳",
        "de": "Der linke Henkel",
        "fr": "L'anse gauche",
        "it": "L'ansa sinistra",
    },
    "text": {
        "en": "Here the potter left a fingerprint.",
        "zh-Hans": "陶工在此留下了指纹。",
        "de": "Hier hat der Töpfer einen Fingerabdruck hinterlassen.",
        "fr": "Ici, le potier a laissé une empreinte de doigt.",
        "it": "Qui il vasaio ha lasciato un'impronta digitale.",
    },
    "tour.title": {
        "en": "Once around",
        "zh-Hans": "环绕一周",
        "de": "Einmal rundherum",
        "fr": "Le tour de l'objet",
        "it": "Un giro intorno",
    },
    "scale_basis": {
        "en": "scale bar of 500 mm",
        "zh-Hans": "500 毫米标尺",
        "de": "Maßstab von 500 mm",
        "fr": "mire de 500 mm",
        "it": "barra di scala di 500 mm",
    },
    "object.restrictions": {
        "en": "Must not leave the house.",
        "zh-Hans": "不得外借。",
        "de": "Darf das Haus nicht verlassen.",
        "fr": "Ne doit pas quitter la maison.",
        "it": "Non può uscire dal museo.",
    },
    "part": {
        "en": "with the lid",
        "zh-Hans": "连盖",
        "de": "mit Deckel",
        "fr": "avec le couvercle",
        "it": "con il coperchio",
    },
    "tour.text": {
        "en": "From the handle to the foot.",
        "zh-Hans": "从把手到底足。",
        "de": "Vom Henkel bis zum Fuß.",
        "fr": "De l'anse au pied.",
        "it": "Dall'ansa al piede.",
    },
    "related.label": {
        "en": "The other one of the pair",
        "zh-Hans": "成对的另一件",
        "de": "Das Gegenstück",
        "fr": "L'autre de la paire",
        "it": "L'altra della coppia",
    },
}
